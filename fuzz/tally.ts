import type { Outcome } from './target.ts'

/** What came of the mutants of one target. */
export interface Tally {
  readonly target: string
  readonly mutants: number
  readonly refused: number
  readonly answered: number
  readonly repaired: number
  readonly failed: number
  /** Processor time of all of them, in seconds. */
  readonly seconds: number
  readonly slowest: Slowest
}

/** Processor time in milliseconds of the mutant that took most. */
export interface Slowest {
  readonly seed: number
  readonly ms: number
}

/** A mutant that was not answered as promised. */
export interface Failure {
  readonly seed: number
  readonly target: string
  readonly from: string
  readonly failure: string
  readonly place: string
}

/** What a worker tells of a piece of its seeds. */
export interface Piece {
  readonly seeds: readonly [first: number, last: number]
  readonly tallies: readonly Tally[]
  readonly failures: readonly Failure[]
  /** The most memory that the process had so far, in MiB, and the mutant at which it last grew by much. */
  readonly peakRss: { readonly mib: number; readonly seed: number }
}

export const noTally = (target: string): Tally => ({
  target,
  mutants: 0,
  refused: 0,
  answered: 0,
  repaired: 0,
  failed: 0,
  seconds: 0,
  slowest: { seed: 0, ms: 0 },
})

export const counted = (tally: Tally, outcome: Outcome | 'failed', { seed, ms }: Slowest): Tally => ({
  ...tally,
  mutants: tally.mutants + 1,
  [outcome]: tally[outcome] + 1,
  seconds: tally.seconds + ms / 1000,
  slowest: ms > tally.slowest.ms ? { seed, ms } : tally.slowest,
})

/** Of several pieces, one row for each target. */
export function added(rows: readonly Tally[], more: readonly Tally[]): Tally[] {
  const sum = new Map(rows.map((row) => [row.target, row]))
  for (const row of more) {
    const was = sum.get(row.target) ?? noTally(row.target)
    sum.set(row.target, {
      target: row.target,
      mutants: was.mutants + row.mutants,
      refused: was.refused + row.refused,
      answered: was.answered + row.answered,
      repaired: was.repaired + row.repaired,
      failed: was.failed + row.failed,
      seconds: was.seconds + row.seconds,
      slowest: row.slowest.ms > was.slowest.ms ? row.slowest : was.slowest,
    })
  }
  return [...sum.values()]
}
