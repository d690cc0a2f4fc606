import { named } from '../../memory/index.ts'
import { collectionProblems } from './collections.ts'
import { deviceProblems } from './devices.ts'
import { eventProblems } from './events.ts'
import { fileProblems } from './file.ts'
import { lpiProblems } from './lpis.ts'
import { notificationProblems } from './notifications.ts'
import type { Problem } from './problem.ts'
import { queueProblems } from './queue.ts'
import { registerProblems } from './registers.ts'

/**
 * Every problem there is a word for. The letter names the table, the digits stay for ever; a retired code is never used again.
 * V5xx is kept for vPEs: KVM gives a guest none.
 */
export const problems = {
  ...registerProblems,
  ...collectionProblems,
  ...deviceProblems,
  ...eventProblems,
  ...lpiProblems,
  ...queueProblems,
  ...fileProblems,
  ...notificationProblems,
} as const

export type ProblemCode = keyof typeof problems

/** The row of a problem, whatever its detail. */
export const problemRow = (code: ProblemCode): Problem<never> => named(problems, 'problem code', code)

/** True for a problem that is a loss: what the guest has mapped does not come back. */
export const isLoss = (code: ProblemCode): boolean => problemRow(code).loss === true

/** True for a problem that something was not looked at. */
export const isGap = (code: ProblemCode): boolean => problemRow(code).isGap === true

/** What a finding with this code must tell. */
export type Detail<C extends ProblemCode> = Parameters<(typeof problems)[C]['describe']>[0]

/** Finds a code by itself or by its slug, in any case. */
export function problemCode(word: string): ProblemCode | undefined {
  const upper = word.toUpperCase()
  if (Object.hasOwn(problems, upper)) return upper as ProblemCode
  const lower = word.toLowerCase()
  return (Object.keys(problems) as ProblemCode[]).find((code) => problems[code].slug === lower)
}

export { type Hang, type Help, hangs, headings, type LookSubject, type Remedy, type Severity } from './problem.ts'
