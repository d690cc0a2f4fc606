/** Numbers that follow from a seed and nothing else: the same on every machine. SplitMix32. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** Any u32. */
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0
    let z = this.#state
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return (z ^ (z >>> 15)) >>> 0
  }

  /** A whole number from 0 up to, not including, `limit`. */
  below(limit: number): number {
    const word = limit > 2 ** 32 ? this.next() * 2 ** 21 + (this.next() >>> 11) : this.next()
    return word % limit
  }

  /** True once in `n` times. */
  once(n: number): boolean {
    return this.below(n) === 0
  }

  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new RangeError('nothing to pick from')
    return list[this.below(list.length)]!
  }

  /** A small count: 1 half of the time, 2 a quarter of it, and so on. */
  few(most: number): number {
    let count = 1
    while (count < most && this.once(2)) count++
    return count
  }
}
