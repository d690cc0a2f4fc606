import type { ProfileId } from '../../abi/index.ts'

/**
 * What happens between the save and the restore. `v1`, as posted with the dummy head: the guest unmaps all it has mapped, by commands.
 * `v4`, as posted with the series that clears entries: the VMM resets the ITS with CTRL_RESET, and the guest sets it up anew. On a
 * kernel that clears an entry when its guest unmaps it nothing is left to restore after `v1`.
 */
export type SeedFlow = 'v1' | 'v4'

/** What the selftest is told; `sameCollection`, `clear` and `l2Tables` are the posted one's -s, -c and -n. */
export interface SeedTestOptions {
  readonly flow: SeedFlow
  /** One collection for all cases, which turns EINVAL into corruption. */
  readonly sameCollection: boolean
  /** Clear the tables before each case, which makes an unfixed kernel pass. */
  readonly clear: boolean
  /** Second-level tables of 8192 devices, 1 to 7. */
  readonly l2Tables: number
  readonly kernel: ProfileId
  readonly save: 'plain' | 'seal'
  /** Whose heads are written and followed; default: as the kernel does. */
  readonly head?: 'none' | 'proposed' | 'ours'
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number
}

/** The kernel that the series with the dummy head was posted on. */
export const SEED_BASE = 'v6.12-rc6'
