import { LEAF_PAGES, RecordRuns } from './record-runs.ts'
import { RecordSteps, STEPS_BYTES } from './record-steps.ts'

export const LEAF_BYTES = LEAF_PAGES * Float64Array.BYTES_PER_ELEMENT
/** More passes over the same pages are not worth their memory. */
const MOST_PASSES = 8

/**
 * The entries of 4096 pages. Records come in the order of the pages, once, or in each pass of a migration again those that were written
 * since; some runs say a pass, or distances that recur. A leaf where neither does has an array.
 */
export class PageLeaf {
  /** Oldest first: what a later one has of a page is true of it. */
  #passes: (RecordRuns | RecordSteps)[] = [new RecordRuns()]
  #entries: Float64Array | undefined

  /** Answers how many more bytes it takes then; they may be fewer. */
  set(page: number, entry: number): number {
    const entries = this.#entries
    if (entries !== undefined) {
      entries[page] = entry
      return 0
    }
    const pass = this.#passes.at(-1)!
    if (page <= pass.last) return this.#passes.length < MOST_PASSES ? this.#again(page, entry) : this.#spread(page, entry)
    if (pass instanceof RecordSteps) return pass.add(page, entry) ? 0 : this.#spread(page, entry)
    return pass.add(page, entry) ?? this.#inSteps(pass, page, entry)
  }

  /** 0 where nothing was set. */
  get(page: number): number {
    if (this.#entries !== undefined) return this.#entries[page]!
    for (let i = this.#passes.length - 1; i >= 0; i--) {
      const entry = this.#passes[i]!.get(page)
      if (entry !== 0) return entry
    }
    return 0
  }

  /** Up to which page, at most `last`, entries differ from that of `page` by multiples of `unit` only: as far as is told without a look at each. */
  alike(page: number, last: number, unit: number): number {
    const [pass, ...others] = this.#passes
    return pass === undefined || others.length > 0 ? page + 1 : pass.alike(page, last, unit)
  }

  #again(page: number, entry: number): number {
    const pass = new RecordRuns()
    this.#passes.push(pass)
    return pass.add(page, entry)!
  }

  /** Goes on with the last pass, `runs`, by distances. */
  #inSteps(runs: RecordRuns, page: number, entry: number): number {
    const steps = new RecordSteps()
    let fits = true
    runs.each((one, its) => {
      fits &&= steps.add(one, its)
    })
    if (!fits || !steps.add(page, entry)) return this.#spread(page, entry)
    this.#passes[this.#passes.length - 1] = steps
    return STEPS_BYTES - runs.bytes
  }

  #spread(page: number, entry: number): number {
    const before = this.#passes.reduce((sum, pass) => sum + (pass instanceof RecordSteps ? STEPS_BYTES : pass.bytes), 0)
    const entries = new Float64Array(LEAF_PAGES)
    for (const pass of this.#passes) {
      pass.each((one, its) => {
        entries[one] = its
      })
    }
    entries[page] = entry
    this.#passes = []
    this.#entries = entries
    return LEAF_BYTES - before
  }
}
