import { type ExploreOptions, explore, type Scope, type ScopeName, scopes } from '../../../scope/index.ts'
import { askLaws } from '../ask-laws.ts'
import type { Mutant } from './mutants.ts'

/** What a run notices, in a line each; nothing of code that is as it should be. */
export const killers: Readonly<Record<Mutant['killer'], () => readonly string[]>> = {
  'sealed saves': () => wrongRestores('seal', 6),
  'saves with heads': () => wrongRestores('heads', 6),
  restores: () => wrongRestores('clearing', 8),
  repairs: () => wrongRepairs(scopes.keeping, { every: 150, mostDepth: 9 }),
  'repairs beside unmapped collections': () => wrongRepairs(scopes['keeping-unmapc'], { every: 150, mostStates: 150_000 }),
}

function wrongRestores(name: ScopeName, mostDepth: number): string[] {
  const scope: Scope = scopes[name]
  const { wrong } = explore(scope, { mostDepth })
  return wrong.map(({ kind, depth, history }) => `${kind} after ${depth} steps: ${history.map(({ says }) => says).join('; ')}`)
}

/** Repairs that contradict the law, and those that are refused though the queue tells the whole history. */
function wrongRepairs(scope: Scope, { every, ...limits }: ExploreOptions): string[] {
  const { repair } = askLaws(scope, { every: every!, everyCut: 1000, explore: limits, names: ['repair'] }).asked
  const refused = [...repair.counts].filter(([word]) => word.startsWith('whole queue') && word.includes('refused'))
  return [...repair.first, ...refused.map(([word, count]) => `${count} times: ${word}`)]
}
