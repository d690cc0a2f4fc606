import { type Budget, type Limit, shareOf, shares, type Use } from './budget.ts'

/** A share of a budget, drawn from until nothing is left. */
export class Account {
  /** What runs out when this does. */
  readonly limit: Limit
  #left: number
  #ranOut = false

  /** `among`: how many have to share it. */
  constructor(budget: Budget, use: Use, among = 1) {
    this.limit = shares[use].of
    this.#left = shareOf(budget, use, among)
  }

  get left(): number {
    return Math.max(0, this.#left)
  }

  /** Something was refused: not all was done that should have been. */
  get ranOut(): boolean {
    return this.#ranOut
  }

  /** Draws `amount`; where less is left, draws nothing and remembers that it was refused. */
  take(amount: number): boolean {
    if (amount > this.#left) {
      this.#ranOut = true
      return false
    }
    this.#left -= amount
    return true
  }

  /** Draws what something has cost that nobody knew before. It may be more than was left: that was its last. */
  pay(amount: number): void {
    this.#left -= amount
  }

  /** Ends it, whatever is left: something else was too much. */
  exhaust(): void {
    this.#left = Number.NEGATIVE_INFINITY
    this.#ranOut = true
  }
}
