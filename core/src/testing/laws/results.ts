import type { Explored, ScopeName } from '../../scope/index.ts'
import type { LawName } from './ask-laws.ts'

/** What came of the laws, asked whole: `npm run scope:laws` writes it, and docs/scope.md is printed from it. */
export interface LawResults extends Pick<Explored, 'images' | 'states' | 'ended' | 'depth'> {
  readonly command: string
  readonly scope: ScopeName
  /** Each n-th image was asked. */
  readonly every: number
  /** Of each n-th of these the history in the command queue was cut at every place, of the others at one. */
  readonly everyCut: number
  /** Random histories that were asked besides, as wholly: most are longer than they need to be. */
  readonly otherHistories: number
  readonly cpuSeconds: number
  readonly laws: readonly LawResult[]
}

interface LawResult {
  readonly name: LawName
  readonly claim: string
  /** Saved VMs that were asked, each with one command queue. */
  readonly asked: number
  readonly contradictions: number
  /** The same of the saved VMs of random histories. */
  readonly otherWays: { readonly asked: number; readonly contradictions: number }
  /** By the queue and what came of it; without random histories. */
  readonly counts: Readonly<Record<string, number>>
}

export const lawsFile = new URL('../../../../fixtures/scope/laws.json', import.meta.url)
