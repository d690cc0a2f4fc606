import { LEAF_PAGES } from './record-runs.ts'

/** More distances than this recur in no stream whose records are of few lengths. */
const MOST_STEPS = 15
/** Entries are added up from the last anchor before them, one for so many pages. */
const ANCHOR_BITS = 6
/** What all of it takes. */
export const STEPS_BYTES = 3072

/**
 * Entries of pages in rising order, by the distance of each from the one before it: where pages of zeros and others follow one another
 * in any order, few distances come again and again. A page is half a byte.
 */
export class RecordSteps {
  /** By page: 0 where nothing was set, else one more than the place in `#steps`. */
  readonly #codes = new Uint8Array(LEAF_PAGES / 2)
  readonly #steps: number[] = []
  /** The entry that was set last before each anchor. */
  readonly #anchors = new Float64Array(LEAF_PAGES >>> ANCHOR_BITS)
  #last = -1
  #entry = 0

  get last(): number {
    return this.#last
  }

  /** Adds a page behind all others; false where its distance is one too many. */
  add(page: number, entry: number): boolean {
    const before = this.#last < 0 ? entry : this.#entry
    const step = entry - before
    let code = this.#steps.indexOf(step) + 1
    if (code === 0) {
      if (this.#steps.length === MOST_STEPS) return false
      code = this.#steps.push(step)
    }
    for (let i = (this.#last >> ANCHOR_BITS) + 1; i <= page >>> ANCHOR_BITS; i++) this.#anchors[i] = before
    this.#codes[page >>> 1]! |= code << ((page & 1) << 2)
    this.#last = page
    this.#entry = entry
    return true
  }

  /** 0 where nothing was set. */
  get(page: number): number {
    if (this.#code(page) === 0) return 0
    const anchor = page >>> ANCHOR_BITS
    let entry = this.#anchors[anchor]!
    for (let at = anchor << ANCHOR_BITS; at <= page; at++) entry += this.#steps[this.#code(at) - 1] ?? 0
    return entry
  }

  /** Every page that was set, with its entry. */
  each(set: (page: number, entry: number) => void): void {
    let entry: number | undefined
    for (let page = 0; page <= this.#last; page++) {
      const step = this.#steps[this.#code(page) - 1]
      if (step === undefined) continue
      entry = entry === undefined ? this.get(page) : entry + step
      set(page, entry)
    }
  }

  alike(page: number, last: number, unit: number): number {
    const isSet = this.#code(page) !== 0
    let end = page + 1
    while (end < last && (this.#code(end) !== 0) === isSet && (!isSet || this.#steps[this.#code(end) - 1]! % unit === 0)) end++
    return end
  }

  #code(page: number): number {
    return (this.#codes[page >>> 1]! >>> ((page & 1) << 2)) & 15
  }
}
