import type { Quirks } from '../abi/index.ts'
import type { Heads } from './heads.ts'

/** Every choice of a save. */
export interface SavePlan {
  readonly quirks: Quirks
  readonly heads: Heads
  readonly gicv41: boolean
  /** A `next` that would cross a second-level page leads to the page's end. */
  readonly nextWithinPage: boolean
}
