import { PAGE_BYTES } from '../../memory/index.ts'
import { type IndexBudget, PageIndex, RECORD } from './page-index.ts'

/** Where a mapped-ram file has the pages of a block: at their own places, one bit saying whether each is there. */
export interface MappedPages {
  /** Bit n of byte n / 8: page n is in the file; otherwise it is zero. */
  readonly bitmap: Uint8Array
  readonly bitmapOffset: number
  readonly pagesOffset: number
}

/** A RAM block of QEMU: a piece of guest RAM, a flash or an option ROM, under the name the stream calls it by. */
export class RamBlock {
  readonly name: string
  readonly bytes: number
  readonly pages: number
  readonly index: PageIndex
  readonly mapped: MappedPages | undefined

  constructor(name: string, bytes: number, budget: IndexBudget, mapped?: MappedPages) {
    this.name = name
    this.bytes = bytes
    this.pages = Math.ceil(bytes / PAGE_BYTES)
    this.index = new PageIndex(budget)
    this.mapped = mapped
  }

  /** How the file holds the page, 0 when it does not. */
  kind(page: number): number {
    const { mapped } = this
    if (mapped === undefined) return this.index.kind(page)
    return ((mapped.bitmap[page >>> 3]! >>> (page & 7)) & 1) === 1 ? RECORD.page : RECORD.zero
  }

  /** Up to which page, at most `last`, the file holds all as it holds `page`. */
  alike(page: number, last: number): number {
    const kind = this.kind(page)
    let end = page
    do end = this.mapped === undefined ? this.index.alike(end, last) : end + 1
    while (end < last && this.kind(end) === kind)
    return end
  }

  /** Where in the source the contents of a whole page are. */
  contentsOffset(page: number): number {
    if (this.mapped !== undefined) return this.mapped.pagesOffset + page * PAGE_BYTES
    return this.index.offset(page) + (this.index.named(page) ? 9 + this.name.length : 8)
  }
}
