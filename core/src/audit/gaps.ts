import type { Limit } from '../budget/index.ts'
import type { Finding } from './finding.ts'
import { isGap, type ProblemCode } from './problems/index.ts'

/** Something that was not looked at: nothing is said of it, and beside it nothing is called well. */
export interface Gap {
  /** The problem that tells of it. */
  readonly code: ProblemCode
  readonly says: string
  /** What ran out; undefined where no budget would have helped. */
  readonly limit: Limit | undefined
}

/** Why not everything was looked at, as a clause: `the budget of work is spent`. */
export function gapWords(gaps: readonly Gap[]): string {
  const reasons = gaps.map(({ limit }) =>
    limit === undefined ? 'the file does not have all of it' : `the budget of ${limit} is spent`,
  )
  return [...new Set(reasons)].join(', ')
}

/** What was not looked at, of all that was found. */
export const gapsIn = (findings: readonly Finding[]): readonly Gap[] =>
  findings.filter(({ code }) => isGap(code)).map(({ code, says, limit }) => ({ code, says, limit }))
