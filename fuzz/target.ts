import type { Random } from './random.ts'

/** Changes a model in one way, in place, and nothing that other mutants of the same seed corpus share with it. */
export type Mutator<M> = (model: M, random: Random) => void

/** Something that an enemy chooses, how damaged ones are made of it, and what is asked about each. */
export interface Target<M = unknown> {
  readonly name: string
  /** What is changed, for people. */
  readonly what: string
  /** Mutants of this target among a thousand. */
  readonly share: number
  /** How the members of the seed corpus are made, by name: each call gives a model of its own. Loading them may take long. */
  readonly corpus: () => Promise<ReadonlyMap<string, () => M>>
  readonly mutators: readonly Mutator<M>[]
  /** The file of a model: with sizes and checksums that are right, where the mutators do not say otherwise. */
  readonly file: (model: M) => Uint8Array | Promise<Uint8Array>
  readonly ask: Ask
}

/** What became of a mutant; everything else is a failure. */
export type Outcome =
  /** It is not what it claims to be, and that was said. */
  | 'refused'
  /** It was looked at. */
  | 'answered'
  /** It was also repaired, and the result held against what was planned. */
  | 'repaired'

/** Asks everything there is to ask about a file. @throws Broken when an answer is not what was promised; anything else is a failure too. */
export type Ask = (file: Uint8Array, random: Random) => Promise<Outcome>

/** A promise that was not kept. */
export class Broken extends Error {
  override readonly name = 'Broken'
  readonly promise: string
  constructor(promise: string, found: string) {
    super(`${promise}: ${found}`)
    this.promise = promise
  }
}
