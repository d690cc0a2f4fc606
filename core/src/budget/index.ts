export { Account } from './account.ts'
export { type Budget, defaultBudget, type Limit, shareOf, shares, type Use, ZERO_PAGE } from './budget.ts'
