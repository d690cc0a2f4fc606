import type { WalkLimits } from '../tables/index.ts'

/** What may run out: work, guest RAM that is read, findings that are listed. */
export type Limit = 'work' | 'bytes' | 'findings'

/**
 * How much work an audit and a repair may make of tables that an enemy filled, and how much of it a report lists. The limits are of each
 * simulated restore and each sweep of the tables; what lies beyond them is not looked at, and the report says so.
 */
export interface Budget extends WalkLimits {
  /** What all restores that measure findings may cost, in entries read. */
  readonly trials: number
  /** Objections of KVM that are taken out one after another. */
  readonly objections: number
  /** Findings of one report. */
  readonly findings: number
  /** Orphans of each kind that become findings; the others are counted. */
  readonly orphans: number
  /** What the restores of all kernels together may cost, in entries read. */
  readonly kernels: number
  /** Audits of one repair. */
  readonly rounds: number
}

/**
 * More than any sane guest needs: 32,768 devices with ITTs of 8,192 events each, more events than eight times the LPIs there
 * are, and trials of a second or so.
 */
export const defaultBudget: Budget = {
  entries: 2 ** 28,
  events: 2 ** 19,
  trials: 2 ** 26,
  objections: 64,
  findings: 4096,
  orphans: 4096,
  kernels: 2 ** 28,
  rounds: 64,
}
