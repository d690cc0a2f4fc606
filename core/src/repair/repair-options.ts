import type { ProblemCode } from '../audit/index.ts'
import type { WantedHeads } from './heads.ts'

/** What a repair may do. */
export interface RepairOptions {
  /**
   * `proven`: only what a witness or the bits prove and what loses nothing that the guest uses. `everything`: also what is
   * inferred, what is written from the command queue, and clearing live entries that no restore can bring back. Or the
   * problems named, whatever it takes to mend them.
   */
  readonly allow: 'proven' | 'everything' | ReadonlySet<ProblemCode>
  /** Writes all tables and ITTs anew from the command queue. */
  readonly rebuild?: boolean
  /** Also clears leftovers of a VM that restores cleanly: no harm now, but a change of the guest may bring them out. */
  readonly strict?: boolean
  /** Makes the chains such that kernels before 6.0.6 can follow them too. */
  readonly seal?: boolean
  /**
   * Dummy heads. `ours`: one that is true at index 0 of the device table, of each second-level page and of the ITT of each device that
   * is known to be live, unless a live entry stands there or another table has the memory. `none`: every head is cleared. Left as they are when
   * absent; stale ones are leftovers.
   */
  readonly heads?: WantedHeads
}
