import { type Budget, defaultBudget, shares, type Use } from '../index.ts'

/** A budget of which one use may take exactly so much, and the others what they may always. */
export const budgetFor = (use: Use, amount: number): Partial<Budget> => ({
  parts: { [use]: amount / defaultBudget[shares[use].of] },
})
