/** Numbers that look random and are the same for the same seed (xorshift, Marsaglia 2003). */
export class Chance {
  #state: number

  /** @param seed any whole number. */
  constructor(seed: number) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ 0x2545f491) | 1
  }

  /** A whole number from 0 up to, not including, `limit`. */
  below(limit: number): number {
    let x = this.#state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#state = x
    return Math.floor(((x >>> 0) / 2 ** 32) * limit)
  }

  /** `count` of the values, each at most once, in no order. */
  pick<T>(values: readonly T[], count: number): T[] {
    const left = [...values]
    return Array.from({ length: Math.min(count, left.length) }, () => {
      const at = this.below(left.length)
      const value = left[at]!
      left[at] = left.at(-1)!
      left.pop()
      return value
    })
  }
}
