/** What `vits` exits with: bits, as fsck(8) has them. Several files: the bits of all. */
export const ExitCode = {
  /** Restores cleanly. */
  Ok: 0,
  /** Mended; the copy restores cleanly. */
  Repaired: 1,
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
  Ok: 'restores cleanly',
  Repaired: 'repaired',
  EventsLost: 'repaired, some events lost',
  Problems: 'problems',
  Failed: 'not done',
  Usage: 'wrong usage',
  Undecided: 'undecided: not everything was looked at, or is known of the kernel',
}

/** A sum of the bits of `ExitCode`. */
export type ExitBits = number
