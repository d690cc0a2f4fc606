import type { Gpa } from './gpa.ts'

/** Bytes of a page: the grain of the dirty log and of sparse regions. */
export const PAGE_BYTES = 4096
const PAGE_WORDS = PAGE_BYTES / 4
const SLAB_PAGES = 256
/** What a page without a slot reads as: zeros. */
const ZEROS = new Int32Array(PAGE_WORDS)
const ZERO_DOUBLES = new Float64Array(ZEROS.buffer)

const ABSENT = -1
const ZERO = 0

/** How a region keeps its bytes, and what a page never written reads as. */
export type Backing =
  /** One buffer for the whole region: fastest; bytes are committed as they are touched. */
  | 'flat'
  /** Pages appear when first written; a page never written reads as zeros. */
  | 'sparse'
  /** Pages must be put there before they are read: for RAM that is loaded piece by piece from a file. */
  | 'loaded'

/** What a region is made from. */
export interface RegionShape {
  readonly base: Gpa
  /** A multiple of 8. */
  readonly bytes: number
  readonly backing?: Backing
}

/** A page of a `loaded` region was read before it was loaded: a bug of the loader, never an errno of KVM. */
export class NotLoadedError extends Error {
  override readonly name = 'NotLoadedError'
  readonly at: Gpa
  constructor(at: Gpa) {
    super(`page 0x${at.toString(16)} was read before it was loaded`)
    this.at = at
  }
}

interface Slab {
  readonly words: Int32Array
  readonly doubles: Float64Array
}

/**
 * One contiguous run of guest RAM (a KVM memory slot). Outside this room only `GuestMemory` is used; after `seek` its
 * fields tell where the bytes are.
 */
export class Region {
  readonly base: Gpa
  readonly bytes: number
  readonly end: number
  readonly backing: Backing
  /** After a seek: the array that holds the address, the index of its 32-bit word, and the 64-bit words left in this run. */
  words: Int32Array = ZEROS
  doubles: Float64Array = ZERO_DOUBLES
  index = 0
  run = 0
  readonly #dirty: Uint32Array
  /** Page to slot: ABSENT (nothing loaded), ZERO (reads as zeros), else slot number. A flat region has none. */
  #slots: Int32Array | undefined
  #slabs: Slab[] = []
  #used = 1
  /** Slots below this belong to the region this one was forked from, and are copied before a write. */
  #shared = 1

  constructor({ base, bytes, backing = 'flat' }: RegionShape) {
    if (bytes <= 0 || bytes % 8 !== 0 || base % 8 !== 0) {
      throw new RangeError(`a region is a whole number of 8-byte words, not ${bytes} bytes at 0x${base.toString(16)}`)
    }
    this.base = base
    this.bytes = bytes
    this.end = base + bytes
    this.backing = backing
    const pages = Math.ceil(bytes / PAGE_BYTES)
    this.#dirty = new Uint32Array(Math.ceil(pages / 32))
    if (backing === 'flat') {
      const buffer = new ArrayBuffer(bytes)
      this.words = new Int32Array(buffer)
      this.doubles = new Float64Array(buffer)
    } else {
      this.#slots = new Int32Array(pages).fill(backing === 'loaded' ? ABSENT : ZERO)
    }
  }

  /** Points the cursor at `offset` for reading. */
  seek(offset: number): void {
    const slots = this.#slots
    if (slots === undefined) {
      this.index = (offset - (offset & 3)) / 4
      this.run = (this.bytes - offset) / 8
      return
    }
    const inPage = offset & (PAGE_BYTES - 1)
    const page = (offset - inPage) / PAGE_BYTES
    const slot = slots[page]!
    if (slot <= ZERO) {
      if (slot === ABSENT) throw new NotLoadedError((this.base + page * PAGE_BYTES) as Gpa)
      this.words = ZEROS
      this.doubles = ZERO_DOUBLES
      this.index = inPage >>> 2
    } else this.#point(slot, inPage)
    this.run = Math.min(PAGE_BYTES - inPage, this.bytes - offset) / 8
  }

  /** Points the cursor at `offset` for writing and marks its page dirty. */
  seekForWrite(offset: number): void {
    const inPage = offset & (PAGE_BYTES - 1)
    const page = (offset - inPage) / PAGE_BYTES
    this.#dirty[page >>> 5]! |= 1 << (page & 31)
    const slots = this.#slots
    if (slots === undefined) {
      this.seek(offset)
      return
    }
    if (slots[page]! < this.#shared) slots[page] = this.#own(slots[page]!)
    this.#point(slots[page]!, inPage)
    this.run = Math.min(PAGE_BYTES - inPage, this.bytes - offset) / 8
  }

  /** Marks the pages of `bytes` from `offset` dirty; for writers that stay inside one run of a flat region. */
  touch(offset: number, bytes: number): void {
    const last = Math.floor((offset + bytes - 1) / PAGE_BYTES)
    for (let page = Math.floor(offset / PAGE_BYTES); page <= last; page++) this.#dirty[page >>> 5]! |= 1 << (page & 31)
  }

  /** Says that a page of a `loaded` region holds zeros, unless it holds something already. */
  loadZeros(offset: number): void {
    const page = Math.floor(offset / PAGE_BYTES)
    if (this.#slots?.[page] === ABSENT) this.#slots[page] = ZERO
  }

  /** True when reading `offset` needs no loading. */
  isLoaded(offset: number): boolean {
    return this.#slots?.[Math.floor(offset / PAGE_BYTES)] !== ABSENT
  }

  /** Copies a page without marking it dirty: what a loader does. */
  load(offset: number, source: Uint8Array): void {
    const page = Math.floor(offset / PAGE_BYTES)
    const mark = this.#dirty[page >>> 5]!
    this.seekForWrite(page * PAGE_BYTES)
    this.#dirty[page >>> 5] = mark
    new Uint8Array(this.words.buffer, this.words.byteOffset + this.index * 4, source.length).set(source)
  }

  dirtyPages(into: Gpa[]): void {
    for (let word = 0; word < this.#dirty.length; word++) {
      for (let marks = this.#dirty[word]!; marks !== 0; marks &= marks - 1) {
        into.push((this.base + (word * 32 + 31 - Math.clz32(marks & -marks)) * PAGE_BYTES) as Gpa)
      }
    }
  }

  clearDirty(): void {
    this.#dirty.fill(0)
  }

  /**
   * A copy that shares its pages with this region until the copy writes them; this region must not be written any more.
   * A flat region has no pages to share: its non-zero ones are copied.
   */
  fork(): Region {
    const backing = this.backing === 'flat' ? 'sparse' : this.backing
    const copy = new Region({ base: this.base, bytes: this.bytes, backing })
    if (this.#slots !== undefined) {
      copy.#slots = this.#slots.slice()
      copy.#slabs = this.#slabs.slice()
      copy.#used = copy.#shared = this.#slabs.length * SLAB_PAGES || 1
      return copy
    }
    for (let offset = 0; offset < this.bytes; offset += PAGE_BYTES) {
      this.seek(offset)
      const page = new Uint8Array(this.words.buffer, offset, Math.min(PAGE_BYTES, this.bytes - offset))
      if (page.some((byte) => byte !== 0)) copy.load(offset, page)
    }
    return copy
  }

  /** A slot of our own for a page that reads as slot `from` so far. */
  #own(from: number): number {
    const slot = this.#used++
    const slab = slot >>> 8
    if (slab >= this.#slabs.length) {
      const buffer = new ArrayBuffer(SLAB_PAGES * PAGE_BYTES)
      this.#slabs[slab] = { words: new Int32Array(buffer), doubles: new Float64Array(buffer) }
    }
    if (from > ZERO) {
      this.#point(from, 0)
      const source = this.words.subarray(this.index, this.index + PAGE_WORDS)
      this.#point(slot, 0)
      this.words.set(source, this.index)
    }
    return slot
  }

  #point(slot: number, inPage: number): void {
    const slab = this.#slabs[slot >>> 8]!
    this.words = slab.words
    this.doubles = slab.doubles
    this.index = (slot & (SLAB_PAGES - 1)) * PAGE_WORDS + (inPage >>> 2)
  }
}
