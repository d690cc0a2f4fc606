import { Account, type Budget, type Limit } from '../budget/index.ts'
import type { Obstacle } from './proof.ts'

/** What a round of mending costs beside what its audits do, in steps. */
const ROUND_WORK = 2 ** 24

/** What one repair has spent, and what it left undone for want of more. */
export class Spending {
  readonly account: Account
  /** An ITT that is to be written anew was not read: it was beyond the budget. */
  unread = false

  constructor(budget: Budget) {
    this.account = new Account(budget, 'repair')
  }

  /** Whether another round may be made. */
  round(): boolean {
    return this.account.take(ROUND_WORK)
  }

  /** Nothing is written of a repair that is half done. */
  get obstacles(): readonly Obstacle[] {
    const spent: readonly Limit[] = [
      ...(this.account.ranOut ? (['work'] as const) : []),
      ...(this.unread ? (['bytes'] as const) : []),
    ]
    return spent.map((limit) => ({ kernel: '', says: `the budget of ${limit} is spent, and something is left undone`, limit }))
  }
}
