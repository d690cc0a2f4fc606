/**
 * What may be spent on one saved VM, which an enemy may have made. Opening, auditing, judging and repairing it each draw from their
 * shares of it; what is beyond is not looked at, and said to be not.
 */
export interface Budget {
  /** Steps of a nanosecond or less: an entry of a table that is read is one, see `WALK_WORK`. */
  readonly work: number
  /** Guest RAM that is read, in bytes; a page that is known to be zeros is `ZERO_PAGE` of them. */
  readonly bytes: number
  /** Findings that one report lists. */
  readonly findings: number
  /** What part of it a use may take, where that is not as in `shares`: `{ search: 0 }` searches no RAM for the guest's kernel. */
  readonly parts?: Partial<Record<Use, number>>
}

/** What a page is, of `bytes`, that a file says is zeros, or has no record of: that is noted, and nothing read. */
export const ZERO_PAGE = 8

/** What may run out. */
export type Limit = 'work' | 'bytes' | 'findings'

/** More than any sane guest needs, and some seconds for tables that were made to hurt. */
export const defaultBudget: Budget = { work: 2 ** 34, bytes: 2 ** 33, findings: 4096 }

interface Share {
  readonly of: Limit
  readonly part: number
}

/**
 * How much of a budget each use of it may take, so that none starves another and no answer depends on what was asked before. Those of
 * one limit are together no more than all of it.
 */
export const shares = {
  /** What the registers name and what that leads to: tables, ITTs, command queues, LPI tables and the rings of virtqueues. */
  tables: { of: 'bytes', part: 1 / 32 },
  /** ITTs that the command queue names and the tables do not, which a rebuild writes. */
  queueItts: { of: 'bytes', part: 1 / 64 },
  /** How far behind its tables a kernel is followed that runs past them. */
  overruns: { of: 'bytes', part: 1 / 32 },
  /** RAM that is searched for the guest kernel's own list. */
  search: { of: 'bytes', part: 1 / 2 },
  /** What is read of the kernel's structures when they are found. */
  structures: { of: 'bytes', part: 1 / 32 },
  /** One look at everything that lies in the tables. */
  sweep: { of: 'work', part: 1 / 256 },
  /** One restore. */
  restore: { of: 'work', part: 1 / 256 },
  /** All restores by which findings are measured. */
  trials: { of: 'work', part: 1 / 16 },
  /** The restores of all kernels that are asked. */
  kernels: { of: 'work', part: 1 / 32 },
  /** Rounds of mending, and what each audits again. */
  repair: { of: 'work', part: 1 / 4 },
} as const satisfies Readonly<Record<string, Share>>

export type Use = keyof typeof shares

/** What one of `among` may take for a use: an ITS of several. */
export function shareOf(budget: Budget, use: Use, among = 1): number {
  const { of, part } = shares[use]
  return Math.floor((budget[of] * (budget.parts?.[use] ?? part)) / among)
}
