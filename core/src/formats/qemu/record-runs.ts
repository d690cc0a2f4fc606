import { firstPast } from '../../memory/index.ts'

/** Pages that are kept together. */
export const LEAF_BITS = 12
export const LEAF_PAGES = 1 << LEAF_BITS
/** What a run takes, and what keeps it. */
export const RUN_BYTES = 128
/** More runs are not worth their memory. */
const MOST_RUNS = 24

/** Pages that follow one another, with entries that are all as far apart. */
interface Run {
  readonly page: number
  readonly entry: number
  pages: number
  step: number
}

/** Entries of pages in rising order, as runs: where records come in the order of the pages and of one length, some say all. */
export class RecordRuns {
  readonly #runs: Run[] = []

  /** The last page that was set; -1 where none was. */
  get last(): number {
    const run = this.#runs.at(-1)
    return run === undefined ? -1 : run.page + run.pages - 1
  }

  get bytes(): number {
    return this.#runs.length * RUN_BYTES
  }

  /** Adds a page behind all others. How many bytes that took; undefined where it would be a run too many. */
  add(page: number, entry: number): number | undefined {
    const run = this.#runs.at(-1)
    if (run !== undefined && page === run.page + run.pages) {
      const step = (entry - run.entry) / run.pages
      if (run.pages === 1 || step === run.step) {
        run.step = step
        run.pages++
        return 0
      }
    }
    if (this.#runs.length === MOST_RUNS) return undefined
    this.#runs.push({ page, entry, pages: 1, step: 0 })
    return RUN_BYTES
  }

  /** 0 where nothing was set. */
  get(page: number): number {
    const run = this.#runs[this.#runsUpTo(page) - 1]
    return run === undefined || page >= run.page + run.pages ? 0 : run.entry + (page - run.page) * run.step
  }

  /** Every page that was set, with its entry. */
  each(set: (page: number, entry: number) => void): void {
    for (const { page, entry, pages, step } of this.#runs) {
      for (let i = 0; i < pages; i++) set(page + i, entry + i * step)
    }
  }

  alike(page: number, last: number, unit: number): number {
    const next = this.#runsUpTo(page)
    const run = this.#runs[next - 1]
    if (run === undefined || page >= run.page + run.pages) return Math.min(last, this.#runs[next]?.page ?? last)
    return run.step % unit === 0 ? Math.min(last, run.page + run.pages) : page + 1
  }

  /** How many runs begin at a page or before it. */
  #runsUpTo(page: number): number {
    return firstPast(this.#runs.length, (i) => this.#runs[i]!.page > page)
  }
}
