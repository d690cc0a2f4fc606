import { type Gpa, type GpaRange, PAGE_BYTES } from '../../memory/index.ts'
import { guestRam } from '../guest-ram.ts'
import type { RamBlock } from './ram-block.ts'

/** A RAM block at its guest physical address. */
export interface PlacedBlock {
  readonly base: Gpa
  readonly block: RamBlock
}

/** Pages that follow one another and that the file holds in one way. */
export interface PageRun extends PlacedBlock {
  /** The number of the first page in its block; `base` is its address. */
  readonly page: number
  readonly pages: number
  /** See `RamBlock.kind`. */
  readonly kind: number
}

/** Guest RAM: every block of a stream whose address is known. */
export class RamMap {
  /** In address order; blocks that touch are one range. */
  readonly ranges: readonly GpaRange[]
  /** Where blocks may be whose address is not known: what lies there is not known either. */
  readonly unlocated: readonly GpaRange[]
  readonly #placed: readonly PlacedBlock[]

  /** @throws FormatError naming `offset` when there is no RAM, too much of it, or two blocks are at the same place. */
  constructor(blocks: readonly PlacedBlock[], unlocated: readonly GpaRange[], offset: number) {
    this.#placed = [...blocks].sort((a, b) => a.base - b.base)
    this.unlocated = unlocated
    const parts = this.#placed.map(({ base, block: { name, bytes } }) => ({ name, base, bytes }))
    this.ranges = guestRam(parts, offset)
  }

  /** The block that holds the RAM at `at`, and the number of its page there. */
  find(at: Gpa): { readonly block: RamBlock; readonly page: number } {
    for (const { base, block } of this.#placed) {
      if (at >= base && at < base + block.bytes) return { block, page: Math.floor((at - base) / PAGE_BYTES) }
    }
    throw new RangeError(`0x${at.toString(16)} is not in guest RAM`)
  }

  /** The pages of RAM that `ranges` touch, in the order of the ranges. */
  *runs(ranges: readonly GpaRange[]): Generator<PageRun> {
    for (const { base, bytes } of ranges) {
      for (const { base: start, block } of this.#placed) {
        const last = Math.ceil(Math.min(base + bytes - start, block.bytes) / PAGE_BYTES)
        for (let page = Math.floor(Math.max(base - start, 0) / PAGE_BYTES), end = page; page < last; page = end) {
          end = block.alike(page, last)
          yield { base: (start + page * PAGE_BYTES) as Gpa, block, page, pages: end - page, kind: block.kind(page) }
        }
      }
    }
  }
}
