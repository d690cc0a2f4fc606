import type { Gpa } from './gpa.ts'

/** Bytes of a page: the grain of the dirty log and of sparse regions. */
export const PAGE_BYTES = 4096
const PAGE_WORDS = PAGE_BYTES / 4
/** Offsets below this are 32-bit integers. */
const SMALL_BYTES = 0x8000_0000
/** Pages that are allocated together. */
const SLAB_BITS = 8
const SLAB_PAGES = 1 << SLAB_BITS
/** What a page without a slot reads as: zeros. */
const ZEROS = new Int32Array(PAGE_WORDS)
const ZERO_DOUBLES = new Float64Array(ZEROS.buffer)

const ABSENT = -1
const ZERO = 0

/** Slots are kept by this many pages, shared between forks, so that a large and mostly untouched VM costs little. */
const CHUNK_BITS = 10
const CHUNK_PAGES = 1 << CHUNK_BITS
const ABSENT_CHUNK = new Int32Array(CHUNK_PAGES).fill(ABSENT)
const ZERO_CHUNK = new Int32Array(CHUNK_PAGES).fill(ZERO)

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
  /** Flat and small: the word that holds a byte is `words[offset >> 2]`. */
  readonly isSmall: boolean
  /** After a seek: the array that holds the address, and the index of its 32-bit word. */
  words: Int32Array = ZEROS
  doubles: Float64Array = ZERO_DOUBLES
  index = 0
  #runBytes = 0
  readonly #dirty: Uint32Array
  /** Page to slot: ABSENT (nothing loaded), ZERO (reads as zeros), else slot number. A flat region has none. */
  #chunks: Int32Array[] | undefined
  /** 1 for a chunk of slots that no fork shares. */
  #owned = new Uint8Array(0)
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
    this.isSmall = backing === 'flat' && bytes <= SMALL_BYTES
    const pages = Math.ceil(bytes / PAGE_BYTES)
    this.#dirty = new Uint32Array(Math.ceil(pages / 32))
    if (backing === 'flat') {
      const buffer = new ArrayBuffer(bytes)
      this.words = new Int32Array(buffer)
      this.doubles = new Float64Array(buffer)
    } else {
      const chunks = Math.ceil(pages / CHUNK_PAGES)
      this.#chunks = new Array<Int32Array>(chunks).fill(backing === 'loaded' ? ABSENT_CHUNK : ZERO_CHUNK)
      this.#owned = new Uint8Array(chunks)
    }
  }

  /** After a seek: the 64-bit words left in this run. */
  get run(): number {
    return this.#runBytes / 8
  }

  /** Points the cursor at `offset` for reading. */
  seek(offset: number): void {
    if (this.#chunks !== undefined) this.#seekPage(offset, this.#chunks)
    else {
      this.index = wordIndex(offset)
      this.#runBytes = this.bytes - offset
    }
  }

  #seekPage(offset: number, chunks: readonly Int32Array[]): void {
    const inPage = offset & (PAGE_BYTES - 1)
    const page = (offset - inPage) / PAGE_BYTES
    const slot = chunks[page >>> CHUNK_BITS]![page & (CHUNK_PAGES - 1)]!
    if (slot <= ZERO) {
      if (slot === ABSENT) throw new NotLoadedError((this.base + page * PAGE_BYTES) as Gpa)
      this.words = ZEROS
      this.doubles = ZERO_DOUBLES
      this.index = inPage >>> 2
    } else this.#point(slot, inPage)
    this.#runBytes = Math.min(PAGE_BYTES - inPage, this.bytes - offset)
  }

  /** Points the cursor at `offset` for writing and marks its page dirty. */
  seekForWrite(offset: number): void {
    const inPage = offset & (PAGE_BYTES - 1)
    const page = (offset - inPage) / PAGE_BYTES
    this.#dirty[page >>> 5]! |= 1 << (page & 31)
    const chunks = this.#chunks
    if (chunks === undefined) {
      this.seek(offset)
      return
    }
    let slot = chunks[page >>> CHUNK_BITS]![page & (CHUNK_PAGES - 1)]!
    if (slot < this.#shared) {
      slot = this.#own(slot)
      this.#setSlot(page, slot)
    }
    this.#point(slot, inPage)
    this.#runBytes = Math.min(PAGE_BYTES - inPage, this.bytes - offset)
  }

  /** Marks the pages of `bytes` from `offset` dirty; for writers that stay inside one run of a flat region. */
  touch(offset: number, bytes: number): void {
    const last = Math.floor((offset + bytes - 1) / PAGE_BYTES)
    for (let page = Math.floor(offset / PAGE_BYTES); page <= last; page++) this.#dirty[page >>> 5]! |= 1 << (page & 31)
  }

  /** Says that a page of a `loaded` region holds zeros, unless it holds something already. */
  loadZeros(offset: number): void {
    const page = Math.floor(offset / PAGE_BYTES)
    if (!this.isLoaded(offset)) this.#setSlot(page, ZERO)
  }

  /** True when reading `offset` needs no loading. */
  isLoaded(offset: number): boolean {
    const page = Math.floor(offset / PAGE_BYTES)
    return this.#chunks?.[page >>> CHUNK_BITS]?.[page & (CHUNK_PAGES - 1)] !== ABSENT
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
    if (this.#chunks !== undefined) {
      copy.#chunks = this.#chunks.slice()
      this.#owned.fill(0)
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

  #setSlot(page: number, slot: number): void {
    const chunks = this.#chunks!
    const chunk = page >>> CHUNK_BITS
    if (this.#owned[chunk] === 0) {
      chunks[chunk] = chunks[chunk]!.slice()
      this.#owned[chunk] = 1
    }
    chunks[chunk]![page & (CHUNK_PAGES - 1)] = slot
  }

  /** A slot of our own for a page that reads as slot `from` so far. */
  #own(from: number): number {
    const slot = this.#used++
    const slab = slot >>> SLAB_BITS
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
    const slab = this.#slabs[slot >>> SLAB_BITS]!
    this.words = slab.words
    this.doubles = slab.doubles
    this.index = (slot & (SLAB_PAGES - 1)) * PAGE_WORDS + (inPage >>> 2)
  }
}

/** The index of the 32-bit word that holds a byte: in integer arithmetic as far as that goes, which most regions do not leave. */
function wordIndex(offset: number): number {
  return offset < SMALL_BYTES ? offset >> 2 : Math.floor(offset / 4)
}
