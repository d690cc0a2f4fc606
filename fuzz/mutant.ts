import { Random } from './random.ts'
import type { Outcome, Target } from './target.ts'
import { targets } from './targets/index.ts'

const MOST_STEPS = 8
const THOUSAND = 1000

/** The target of each of a thousand seeds, spread evenly. */
const schedule: readonly number[] = spread()

/** Mutants of targets with few come between those of targets with many, so that any range of seeds is a fair sample. */
function spread(): number[] {
  const total = targets.reduce((sum, { share }) => sum + share, 0)
  const done = targets.map(() => 0)
  return Array.from({ length: THOUSAND }, (_, i) => {
    const owed = targets.map(({ share }, n) => ((i + 1) * share) / total - done[n]!)
    const next = owed.indexOf(Math.max(...owed))
    done[next]!++
    return next
  })
}

/** The target that a seed belongs to. */
export const targetOf = (seed: number): Target => targets[schedule[seed % THOUSAND]!]!

const corpora = new Map<Target, Promise<ReadonlyMap<string, () => unknown>>>()

function corpusOf(target: Target): Promise<ReadonlyMap<string, () => unknown>> {
  let corpus = corpora.get(target)
  if (corpus === undefined) {
    corpus = target.corpus()
    corpora.set(target, corpus)
  }
  return corpus
}

/** A damaged file that follows from its seed. */
export interface Mutant {
  readonly seed: number
  readonly target: Target
  /** Which member of the seed corpus it was made of. */
  readonly from: string
  /** How many steps made it; a mutant with some of them left out is a smaller one. */
  readonly steps: number
  readonly file: Uint8Array
}

/** Makes the mutant of a seed; `kept`: with these of its steps only. */
export async function mutant(seed: number, kept?: ReadonlySet<number>): Promise<Mutant> {
  const target = targetOf(seed)
  const random = new Random(seed)
  const corpus = await corpusOf(target)
  const from = random.pick([...corpus.keys()])
  const model = corpus.get(from)!()
  const steps = random.few(MOST_STEPS)
  for (let step = 0; step < steps; step++) {
    const own = new Random(random.next())
    const mutator = own.pick(target.mutators)
    if (kept === undefined || kept.has(step)) mutator(model, own)
  }
  return { seed, target, from, steps, file: await target.file(model) }
}

/** Asks about a mutant what its target asks; which questions they are follows from the seed too. */
export function ask({ target, seed, file }: Pick<Mutant, 'target' | 'seed' | 'file'>): Promise<Outcome> {
  return target.ask(file, new Random(~seed))
}
