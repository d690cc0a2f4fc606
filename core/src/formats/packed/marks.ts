import type { Mark } from './decoder.ts'

const FIRST_STEP = 8 << 20

/** Places to decode from, as close together as the memory for them allows. */
export class Marks {
  #marks: Mark[]
  readonly #most: number
  #step = FIRST_STEP
  #kept = 0

  /** `first`: the beginning. `most`: bytes that all of them may keep. */
  constructor(first: Mark, most: number) {
    this.#marks = [first]
    this.#most = most
  }

  /** How far from the last mark the next one is due. */
  get step(): number {
    return this.#step
  }

  get last(): Mark {
    return this.#marks.at(-1)!
  }

  add(mark: Mark): void {
    this.#marks.push(mark)
    this.#kept += mark.kept
    while (this.#kept > this.#most) this.#thin()
  }

  /** The last mark that is not behind `offset`. */
  before(offset: number): Mark {
    return this.#marks.findLast((mark) => mark.offset <= offset)!
  }

  /** Every second one goes; the beginning stays. */
  #thin(): void {
    this.#step *= 2
    this.#marks = this.#marks.filter((_, i) => i % 2 === 0)
    this.#kept = this.#marks.reduce((sum, { kept }, i) => sum + (i === 0 ? 0 : kept), 0)
  }
}
