import { FormatError } from '../format-error.ts'
import { PageLeaf } from './page-leaf.ts'
import { LEAF_BITS, LEAF_PAGES } from './record-runs.ts'

/** How the last record of a page holds its contents. */
export const RECORD = { zero: 1, fill: 2, page: 3, xbzrle: 4, compressed: 5 } as const

/** An entry is the record's offset times this, and what is said of it below: its kind, plus NAMED. */
const OFFSET_UNIT = 16
const NAMED = 8

/** Index memory that all blocks of one file may use. */
export interface IndexBudget {
  bytes: number
}

/**
 * Where the last record of each page of a RAM block is: 8 bytes a page at most, and about half a byte for each pass of a migration, in
 * leaves that appear with their first record, so that a block whose length lies costs nothing.
 */
export class PageIndex {
  readonly #leaves: (PageLeaf | undefined)[] = []
  readonly #budget: IndexBudget

  constructor(budget: IndexBudget) {
    this.#budget = budget
  }

  /** Remembers a record: `offset` of its first byte below 2^49, its kind, and whether the block's name follows its header. */
  set(page: number, offset: number, kind: number, named: boolean): void {
    const number = page >>> LEAF_BITS
    const leaf = this.#leaves[number] ?? this.#grow(number)
    const taken = leaf.set(page & (LEAF_PAGES - 1), offset * OFFSET_UNIT + (named ? kind + NAMED : kind))
    if (taken !== 0) this.#take(taken, offset)
  }

  /** The kind of the page's last record, 0 when it has none. */
  kind(page: number): number {
    return this.#entry(page) % NAMED
  }

  /** Offset of the page's last record. */
  offset(page: number): number {
    return Math.floor(this.#entry(page) / OFFSET_UNIT)
  }

  /** True when the block's name stands between the header of the page's last record and its contents. */
  named(page: number): boolean {
    return this.#entry(page) % OFFSET_UNIT >= NAMED
  }

  /** Up to which page, at most `last`, the file holds all as it holds `page`: as far as is told without a look at each. */
  alike(page: number, last: number): number {
    const first = page - (page & (LEAF_PAGES - 1))
    const end = Math.min(last, first + LEAF_PAGES)
    return first + (this.#leaves[page >>> LEAF_BITS]?.alike(page - first, end - first, OFFSET_UNIT) ?? end - first)
  }

  #entry(page: number): number {
    return this.#leaves[page >>> LEAF_BITS]?.get(page & (LEAF_PAGES - 1)) ?? 0
  }

  #grow(number: number): PageLeaf {
    const leaf = new PageLeaf()
    this.#leaves[number] = leaf
    return leaf
  }

  #take(bytes: number, offset: number): void {
    this.#budget.bytes -= bytes
    if (this.#budget.bytes >= 0) return
    throw new FormatError(offset, 'records that cover RAM', 'so few in so much RAM that no VMM wrote them')
  }
}
