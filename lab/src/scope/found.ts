import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ScopeDocument, StepDocument } from '@vits/core/documents'
import type { Gpa } from '@vits/core/memory'
import type { HistoryStep } from '@vits/core/scope'

/** Where it is written down what came of going through every scope; docs/scope.md is printed from it. */
const FILE = fileURLToPath(new URL('../../../fixtures/scope/results.json', import.meta.url))

/** What came of going through every scope. */
export interface ScopeResults {
  /** The version of Node that ran it. */
  readonly node: string
  readonly results: readonly (ScopeDocument & { readonly command: string })[]
  readonly notCovered: readonly { readonly what: string; readonly why: string }[]
}

export const readScopes = (): ScopeResults => JSON.parse(readFileSync(FILE, 'utf8')) as ScopeResults

/** A history as it was printed, to be lived again. */
export const historyOf = (steps: readonly StepDocument[]): HistoryStep[] =>
  steps.map(({ writes, commands, to, deviceBaser, ...step }) => ({
    ...step,
    writes: writes.map(({ at, word }) => ({ at: Number(at) as Gpa, ...halves(word.replace('_', '')) })),
    commands: commands.map((words) => Uint32Array.from(words.flatMap((word) => [halves(word).lo, halves(word).hi]))),
    ...(to !== null && { to }),
    ...(deviceBaser !== null && { deviceBaser: BigInt(deviceBaser) }),
  }))

function halves(word: string): { readonly lo: number; readonly hi: number } {
  const value = BigInt(word)
  return { lo: Number(value & 0xffffffffn), hi: Number(value >> 32n) }
}
