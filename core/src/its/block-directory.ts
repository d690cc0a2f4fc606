import { NEAR_BLOCKS } from './block-key.ts'

/** Which near blocks a large device has, so that an event out of order finds its place in the chain without a long walk. */
export class BlockDirectory {
  readonly #marks = new Int32Array(NEAR_BLOCKS / 32)

  enter(place: number): void {
    this.#marks[place >>> 5]! |= 1 << (place & 31)
  }

  leave(place: number): void {
    this.#marks[place >>> 5]! &= ~(1 << (place & 31))
  }

  /** The place of the last block before `place`, or -1. */
  before(place: number): number {
    let word = place >>> 5
    let marks = this.#marks[word]! & ~(-1 << (place & 31))
    while (marks === 0 && word > 0) marks = this.#marks[--word]!
    return marks === 0 ? -1 : word * 32 + 31 - Math.clz32(marks)
  }
}
