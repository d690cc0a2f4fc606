import type { Quirks } from '../abi/index.ts'
import type { HeadKind } from './heads.ts'

/** Every choice of a save. */
export interface SavePlan {
  readonly quirks: Quirks
  readonly head: HeadKind
  readonly gicv41: boolean
  /** A `next` that would cross a second-level page leads to the page's end. */
  readonly nextWithinPage: boolean
}
