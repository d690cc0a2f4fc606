import { firstPast } from '../../memory/index.ts'

export const LEAF_BITS = 12
export const LEAF_PAGES = 1 << LEAF_BITS
export const LEAF_BYTES = LEAF_PAGES * Float64Array.BYTES_PER_ELEMENT
/** What a run takes, and the leaf with it. */
export const RUN_BYTES = 128
/** More runs in a leaf are not worth their memory. */
const MOST_RUNS = 64

/** Pages that follow one another, with entries that are all as far apart. */
interface Run {
  readonly page: number
  readonly entry: number
  pages: number
  step: number
}

/**
 * The entries of 4096 pages. Records mostly come in the order of the pages, and of one length: then some runs say all. A leaf where they
 * do not has an array.
 */
export class PageLeaf {
  #runs: Run[] = []
  #entries: Float64Array | undefined

  /** Answers how many bytes that took. */
  set(page: number, entry: number): number {
    const entries = this.#entries
    if (entries !== undefined) {
      entries[page] = entry
      return 0
    }
    const last = this.#runs.at(-1)
    if (last !== undefined && page === last.page + last.pages) {
      const step = (entry - last.entry) / last.pages
      if (last.pages === 1 || step === last.step) {
        last.step = step
        last.pages++
        return 0
      }
    }
    if ((last === undefined || page >= last.page + last.pages) && this.#runs.length < MOST_RUNS) {
      this.#runs.push({ page, entry, pages: 1, step: 0 })
      return RUN_BYTES
    }
    this.#spread()[page] = entry
    return LEAF_BYTES
  }

  /** 0 where nothing was set. */
  get(page: number): number {
    const entries = this.#entries
    if (entries !== undefined) return entries[page]!
    const run = this.#runs[firstPast(this.#runs.length, (i) => this.#runs[i]!.page > page) - 1]
    return run === undefined || page >= run.page + run.pages ? 0 : run.entry + (page - run.page) * run.step
  }

  /** Up to which page, at most `last`, entries differ from that of `page` by multiples of `unit` only. */
  alike(page: number, last: number, unit: number): number {
    if (this.#entries !== undefined) return page + 1
    const next = firstPast(this.#runs.length, (i) => this.#runs[i]!.page > page)
    const run = this.#runs[next - 1]
    if (run === undefined || page >= run.page + run.pages) return Math.min(last, this.#runs[next]?.page ?? last)
    return run.step % unit === 0 ? Math.min(last, run.page + run.pages) : page + 1
  }

  #spread(): Float64Array {
    const entries = new Float64Array(LEAF_PAGES)
    for (const { page, entry, pages, step } of this.#runs) {
      for (let i = 0; i < pages; i++) entries[page + i] = entry + i * step
    }
    this.#runs = []
    this.#entries = entries
    return entries
  }
}
