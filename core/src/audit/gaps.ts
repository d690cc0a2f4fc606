import type { Limit } from '../budget/index.ts'
import type { Finding } from './finding.ts'
import { isGap, type ProblemCode, problemRow } from './problems/index.ts'

/** Something that was not looked at: nothing is said of it, and beside it nothing is called well. */
export interface Gap {
  /** The problem that tells of it. */
  readonly code: ProblemCode
  readonly says: string
  /** What ran out; undefined where no budget would have helped. */
  readonly limit: Limit | undefined
}

/** Why nothing is called well beside these, as a clause: `not everything was looked at (the budget of work is spent)`. */
export function gapWords(gaps: readonly Gap[]): string {
  const reasons = gaps
    .filter(({ code }) => !problemRow(code).ofKernel)
    .map(({ limit }) => (limit === undefined ? 'the file does not have all of it' : `the budget of ${limit} is spent`))
  return [
    ...(reasons.length === 0 ? [] : [`not everything was looked at (${[...new Set(reasons)].join(', ')})`]),
    ...gaps
      .filter(({ code }) => problemRow(code).ofKernel)
      .map(({ code }) => `it hangs on what is unknown of the kernel (${code})`)
      .slice(0, 1),
  ].join(', and ')
}

/** What was not looked at, of all that was found. */
export const gapsIn = (findings: readonly Finding[]): readonly Gap[] =>
  findings.filter(({ code }) => isGap(code)).map(({ code, says, limit }) => ({ code, says, limit }))
