import { hex, hexWord, type ProfileId } from '../abi/index.ts'
import type { Explored, HistoryStep, Refusal, Scope, WrongRestore } from '../scope/index.ts'
import type { Address, EntryWord, RegisterValue } from './hexadecimal.ts'

/** What `vits prove --scope --json` prints: what every history of a small VM comes to when it is saved and restored. */
export interface ScopeDocument
  extends Pick<Explored, 'ended' | 'depth' | 'states' | 'steps' | 'outside' | 'images' | 'restores' | 'limits'> {
  /** Version of this document: keys may be added under the same number, and none goes or changes its meaning. */
  readonly schema: 1
  /** The name of the scope. */
  readonly name: string
  readonly scope: Scope
  /**
   * Whether what the scope claims holds: of histories of any length, of all of up to `depth` operations and beyond that unknown, or not, by the
   * histories in `wrong` and `refused`.
   */
  readonly verdict: 'any length' | 'to depth' | 'refuted'
  /** CPU time of the process. */
  readonly cpuSeconds: number
  /** Shortest history first. */
  readonly wrong: readonly WrongRestoreDocument[]
  /** Saves that failed. */
  readonly refused: readonly RefusalDocument[]
}

/** A way in which restores are wrong. */
export interface WrongRestoreDocument
  extends Pick<WrongRestore, 'kind' | 'misuse' | 'images' | 'kernels' | 'depth' | 'had' | 'restored'> {
  readonly history: readonly StepDocument[]
}

/** A way in which saves fail. */
export interface RefusalDocument extends Pick<Refusal, 'kind' | 'misuse' | 'states' | 'depth'> {
  readonly history: readonly StepDocument[]
}

/** One step of a history. */
export interface StepDocument extends Pick<HistoryStep, 'operation' | 'says' | 'does'> {
  /** What the guest stores into RAM first. */
  readonly writes: readonly { readonly at: Address; readonly word: EntryWord }[]
  /** What it then puts into the command queue: four doublewords each. */
  readonly commands: readonly (readonly RegisterValue[])[]
  /** The kernel that MIGRATE leads to. */
  readonly to: ProfileId | null
  /** What GITS_BASER0 becomes. */
  readonly deviceBaser: RegisterValue | null
}

/** What was found in a scope. */
export interface ScopeResult {
  readonly name: string
  readonly scope: Scope
  readonly explored: Explored
  readonly cpuSeconds: number
}

export function scopeDocument({ name, scope, explored, cpuSeconds }: ScopeResult): ScopeDocument {
  const { ended, depth, states, steps, outside, images, restores, wrong, refused, limits } = explored
  return {
    schema: 1,
    name,
    scope,
    verdict: wrong.length + refused.length > 0 ? 'refuted' : ended === 'fixpoint' ? 'any length' : 'to depth',
    ...{ ended, depth, states, steps, outside, images, restores, cpuSeconds },
    wrong: wrong.map(({ state: _, history, ...one }) => ({ ...one, history: history.map(stepDocument) })),
    refused: refused.map(({ state: _, history, ...one }) => ({ ...one, history: history.map(stepDocument) })),
    limits,
  }
}

function stepDocument({ operation, says, does, writes, commands, to, deviceBaser }: HistoryStep): StepDocument {
  return {
    operation,
    says,
    does,
    writes: writes.map(({ at, lo, hi }) => ({ at: hex(at), word: hexWord(lo, hi) })),
    commands: commands.map((words) => [0, 2, 4, 6].map((dw) => `0x${digits(words[dw + 1]!)}${digits(words[dw]!)}`)),
    to: to ?? null,
    deviceBaser: deviceBaser === undefined ? null : hex(deviceBaser),
  }
}

const digits = (half: number): string => (half >>> 0).toString(16).padStart(8, '0')
