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
  /** The job could not be done: a file that cannot be read or is not what it claims. */
  Failed: 8,
  /** The command line is wrong. */
  Usage: 16,
  /** Stopped by a signal. */
  Cancelled: 32,
} as const

/** A sum of the bits of `ExitCode`. */
export type ExitBits = number
