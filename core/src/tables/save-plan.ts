import type { Quirks } from '../abi/index.ts'
import type { HeadKind } from './heads.ts'

/** Every choice of a save. */
export interface SavePlan {
  readonly quirks: Quirks
  readonly head: HeadKind
  readonly gicv41: boolean
  readonly sealed: boolean
}
