import { FormatError } from '../format-error.ts'

/** How the last record of a page holds its contents. */
export const RECORD = { zero: 1, fill: 2, page: 3, xbzrle: 4, compressed: 5 } as const

const LEAF_BITS = 12
const LEAF_PAGES = 1 << LEAF_BITS
/** An entry is the record's offset times this, and what is said of it below: its kind, plus NAMED. */
const OFFSET_UNIT = 16
const NAMED = 8

/** Index memory that all blocks of one file may use. */
export interface IndexBudget {
  bytes: number
}

/**
 * Where the last record of each page of a RAM block is: 8 bytes a page, in leaves that appear with their first record, so that
 * a block whose length lies costs nothing.
 */
export class PageIndex {
  readonly #leaves: (Float64Array | undefined)[] = []
  readonly #budget: IndexBudget

  constructor(budget: IndexBudget) {
    this.#budget = budget
  }

  /** Remembers a record: `offset` of its first byte below 2^49, its kind, and whether the block's name follows its header. */
  set(page: number, offset: number, kind: number, named: boolean): void {
    const leaf = this.#leaves[page >>> LEAF_BITS] ?? this.#grow(page, offset)
    leaf[page & (LEAF_PAGES - 1)] = offset * OFFSET_UNIT + (named ? kind + NAMED : kind)
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

  #entry(page: number): number {
    return this.#leaves[page >>> LEAF_BITS]?.[page & (LEAF_PAGES - 1)] ?? 0
  }

  #grow(page: number, offset: number): Float64Array {
    this.#budget.bytes -= LEAF_PAGES * 8
    if (this.#budget.bytes < 0) {
      throw new FormatError(offset, 'records that cover RAM', 'so few in so much RAM that no VMM wrote them')
    }
    const leaf = new Float64Array(LEAF_PAGES)
    this.#leaves[page >>> LEAF_BITS] = leaf
    return leaf
  }
}
