import { PAGE_BYTES } from '../../memory/index.ts'
import { type IndexBudget, PageIndex } from './page-index.ts'

/** A RAM block of QEMU: a piece of guest RAM, a flash or an option ROM, under the name the stream calls it by. */
export class RamBlock {
  readonly name: string
  readonly bytes: number
  readonly pages: number
  readonly index: PageIndex

  constructor(name: string, bytes: number, budget: IndexBudget) {
    this.name = name
    this.bytes = bytes
    this.pages = Math.ceil(bytes / PAGE_BYTES)
    this.index = new PageIndex(budget)
  }

  /** Bytes before the contents of the page's last record. */
  headerBytes(page: number): number {
    return this.index.named(page) ? 9 + this.name.length : 8
  }
}
