import type { ProfileId } from '../abi/index.ts'
import type { SealLimitName } from '../seal/index.ts'
import type { HistoryStep } from './history.ts'

/** What going through a scope found. */
export interface Explored {
  /** Why it ended. A fixpoint: there is no further state, and what holds of these holds after histories of any length. */
  readonly ended: 'fixpoint' | 'depth' | 'states' | 'time'
  /** Of a fixpoint the longest of the shortest histories; else every history of up to so many operations was looked at, -1 where none was. */
  readonly depth: number
  /** Different states but for names, all saved and judged. */
  readonly states: number
  /** Operations that were done. */
  readonly steps: number
  /** Steps that led out of the scope, to a state that no record holds. Then a fixpoint is one of the histories that do not. */
  readonly outside: number
  /** Different saved images but for names: each was restored on every kernel. */
  readonly images: number
  readonly restores: number
  readonly wrong: readonly WrongRestore[]
  /** What saves refused. */
  readonly refused: readonly Refusal[]
  /** What a sealed save said no bytes could help: in how many images, and of which kernels. */
  readonly limits: readonly { readonly name: SealLimitName; readonly images: number; readonly kernels: readonly ProfileId[] }[]
}

/** One way in which restores are wrong, with the shortest history that leads to it. */
export interface WrongRestore {
  /** `dead device back`, `restore fails: EINVAL, …`; several joined by ` + `. */
  readonly kind: string
  /** What the guest of that history had done that no driver may, in words. Empty: no guest is to blame. */
  readonly misuse: readonly string[]
  readonly images: number
  /** The kernels that do it, each with how many images. */
  readonly kernels: readonly { readonly kernel: ProfileId; readonly images: number }[]
  /** Operations before the save. */
  readonly depth: number
  readonly state: number
  /** The save is not in it: it follows. */
  readonly history: readonly HistoryStep[]
  /** What was mapped when the tables were saved, and what the first of the kernels restored, in words. */
  readonly had: string
  readonly restored: string
}

/** A save that fails, with the shortest history that leads to it. */
export interface Refusal {
  /** The errno and the reason. */
  readonly kind: string
  readonly misuse: readonly string[]
  readonly states: number
  readonly depth: number
  readonly state: number
  readonly history: readonly HistoryStep[]
}
