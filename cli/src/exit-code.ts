/** What `vits` exits with: bits, as fsck(8) has them. Several files: the bits of all. */
export const ExitCode = {
  /** Restores cleanly. */
  Ok: 0,
  /** Mended, and what was written restores cleanly: told only where it was asked for, because scripts take it for a failure. */
  Repaired: 1,
  /** Two saves are not the same: `diff` alone, as diff(1). */
  Differs: 1,
  /** Mended, but some events could not be saved: the guest must set them up again. */
  EventsLost: 2,
  /** There are problems. */
  Problems: 4,
  /** Not done: a file cannot be read or is not what it claims, a repair is not proven, a kernel did otherwise than predicted. */
  Failed: 8,
  /** The command line is wrong. */
  Usage: 16,
  /** Undecided: not everything was looked at, because a limit was reached or the file does not have it; or it hangs on what is unknown of the kernel. */
  Undecided: 64,
} as const

/** Each in a few words, as `vits --help` has them. */
export const exitWords: Readonly<Record<keyof typeof ExitCode, string>> = {
  Ok: 'what was asked for is done: it restores cleanly, or is repaired',
  Repaired: 'repaired, where that is asked for (repair --exit-code)',
  Differs: 'differences, of diff',
  EventsLost: 'repaired, some events lost',
  Problems: 'problems',
  Failed: 'not done',
  Usage: 'wrong usage',
  Undecided: 'undecided: not everything was looked at, or is known of the kernel',
}

/** Each in a sentence, as the documents have them. */
export const exitMeanings: Readonly<Record<keyof typeof ExitCode, string>> = {
  Ok: 'What was asked for is done. `check`: every file restores cleanly. `repair`: what `-o` names is there and restores cleanly.',
  Repaired: '`repair --exit-code` has repaired the VM, as fsck(8) tells it. Without the option that is 0, and `set -e` goes on.',
  Differs: '`diff` found differences, as diff(1) tells it; 0 where there are none.',
  EventsLost: 'Repaired, but some events could not be saved: the guest must set them up again.',
  Problems: 'There are problems, and they are still there.',
  Failed: 'Not done: a file that cannot be read, a repair that is not proven, a kernel that did otherwise than predicted.',
  Usage: 'The command line is wrong.',
  Undecided:
    'Undecided: not everything was looked at, because a limit was reached or the file does not have it, or the restore hangs on what is unknown of the kernel. What was not looked at never ends in 0; 68 where harm was found beside that.',
}

/** A sum of the bits of `ExitCode`. */
export type ExitBits = number
