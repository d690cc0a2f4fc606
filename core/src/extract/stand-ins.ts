/**
 * Numbers that stand for others: one for each, of the same kind as what it stands for, and none that means something already. Where none
 * of its kind is left, a number stands for itself.
 */
export class StandIns {
  readonly #candidates: Iterator<number>
  readonly #kindOf: (value: number) => string
  readonly #means: (value: number) => boolean
  readonly #standIns = new Map<number, number>()
  /** Candidates that were passed over, by their kind. */
  readonly #waiting = new Map<string, number[]>()

  /** `means`: numbers that mean something stay, and stand for no other. */
  constructor(candidates: Iterable<number>, kindOf: (value: number) => string, means: (value: number) => boolean) {
    this.#candidates = candidates[Symbol.iterator]()
    this.#kindOf = kindOf
    this.#means = means
  }

  of(value: number): number {
    if (this.#means(value)) return value
    const known = this.#standIns.get(value)
    if (known !== undefined) return known
    const found = this.#next(this.#kindOf(value)) ?? value
    this.#standIns.set(value, found)
    return found
  }

  #next(kind: string): number | undefined {
    const waiting = this.#waiting.get(kind)?.pop()
    if (waiting !== undefined) return waiting
    for (;;) {
      const { value, done } = this.#candidates.next()
      if (done) return undefined
      if (this.#means(value)) continue
      const its = this.#kindOf(value)
      if (its === kind) return value
      const others = this.#waiting.get(its)
      if (others === undefined) this.#waiting.set(its, [value])
      else others.push(value)
    }
  }
}
