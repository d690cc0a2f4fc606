import { NotLoadedError } from './errors.ts'
import type { Gpa } from './gpa.ts'
import { counted, sizeText } from './inspect.ts'
import { type Place, type Words, zeroWords } from './place.ts'
import { allocated, checkShape, type LoadedShape, type RegionShape } from './region-shape.ts'
import { isZero } from './skip-zeros.ts'
import { PAGE_BYTES, PAGE_ENTRIES, WriteLog } from './write-log.ts'

const PAGE_WORDS = PAGE_BYTES / 4
const PAGE_BITS = 12
/** Offsets below this are 32-bit integers. */
const SMALL_BYTES = 0x8000_0000
/** Pages that are allocated together. */
const SLAB_BITS = 5
const SLAB_PAGES = 1 << SLAB_BITS
const ABSENT = -1
const ZERO = 0

/** Slots are kept by this many pages, shared between forks, so that a large and mostly untouched VM costs little. */
const CHUNK_BITS = 10
const CHUNK_PAGES = 1 << CHUNK_BITS
const ABSENT_CHUNK = new Int32Array(CHUNK_PAGES).fill(ABSENT)
const ZERO_CHUNK = new Int32Array(CHUNK_PAGES).fill(ZERO)

/** One contiguous run of guest RAM (a KVM memory slot). It stays in this room. */
export class Region {
  readonly base: Gpa
  readonly bytes: number
  /** Where the region ends; where it begins once it is removed, so that it holds no address. */
  end: number
  readonly isFlat: boolean
  /** As many bytes of a flat region, from its begin, are in `words[offset >> 2]`, however large it is; none any more once it is removed. */
  smallBytes: number
  /**
   * All words of a flat region; else what a page without a slot reads as: a page of zeros, shared with forks and regions of the same
   * VM and nobody else, so that whoever gets round the types and writes it spoils no other VM.
   */
  readonly words: Int32Array
  readonly doubles: Float64Array
  readonly #log: WriteLog
  /** Page to slot: ABSENT (nothing loaded), ZERO (reads as zeros), else slot number. A flat region has none. */
  #chunks: Int32Array[] | undefined
  /** 1 for a chunk of slots that no fork shares. */
  #owned = new Uint8Array(0)
  #slabs: Words[] = []
  #used = 1
  /** Slots below this belong to the region this one was forked from, and are copied before a write. */
  #shared = 1

  constructor(shape: RegionShape | LoadedShape, shared?: Words) {
    const { base, bytes, backing = 'flat' } = shape
    checkShape(base, bytes, backing)
    const { words, doubles } = shared ?? allocated(bytes, () => zeroWords(backing === 'flat' ? bytes : PAGE_BYTES))
    this.base = base
    this.bytes = bytes
    this.end = base + bytes
    this.words = words
    this.doubles = doubles
    this.isFlat = backing === 'flat'
    this.smallBytes = this.isFlat ? Math.min(bytes, SMALL_BYTES - 1) | 0 : 0
    const pages = Math.ceil(bytes / PAGE_BYTES)
    this.#log = allocated(bytes, () => new WriteLog(pages, this.isFlat))
    if (backing !== 'flat') {
      const chunks = Math.ceil(pages / CHUNK_PAGES)
      this.#chunks = allocated(bytes, () => new Array<Int32Array>(chunks).fill(backing === 'loaded' ? ABSENT_CHUNK : ZERO_CHUNK))
      this.#owned = new Uint8Array(chunks)
    }
  }

  /** It holds no address any more. */
  remove(): void {
    this.end = this.base
    this.smallBytes = 0
  }

  /** Points `place` at `offset` for reading. */
  point(place: Place, offset: number): void {
    const chunks = this.#chunks
    if (chunks !== undefined) {
      this.#pointInPage(place, offset, chunks)
      return
    }
    place.words = this.words
    place.doubles = this.doubles
    place.index = wordIndex(offset)
    place.end = this.words.length
    place.zeroOffset = -1
  }

  #pointInPage(place: Place, offset: number, chunks: readonly Int32Array[]): void {
    const inPage = offset & (PAGE_BYTES - 1)
    const page = pageIndex(offset)
    const slot = chunks[page >>> CHUNK_BITS]![page & (CHUNK_PAGES - 1)]!
    if (slot > ZERO) this.#pointAtSlot(place, slot, inPage)
    else {
      if (slot === ABSENT) throw new NotLoadedError((this.base + page * PAGE_BYTES) as Gpa)
      place.words = this.words
      place.doubles = this.doubles
      place.index = inPage >>> 2
      place.zeroOffset = offset
    }
    place.end = place.index + Math.min(PAGE_BYTES - inPage, this.bytes - offset) / 4
  }

  /** Points `place` at `offset` for writing, up to the end of the page, and marks that dirty. */
  pointForWrite(place: Place, offset: number): void {
    const inPage = offset & (PAGE_BYTES - 1)
    const page = pageIndex(offset)
    this.#log.mark(page)
    if (this.#chunks === undefined) {
      this.point(place, offset)
      this.#log.touch(page, inPage >>> 3)
    } else this.#pointAtSlot(place, this.#ownSlot(page, this.#chunks), inPage)
    place.end = place.index + Math.min(PAGE_BYTES - inPage, this.bytes - offset) / 4
  }

  /** The 32-bit word that holds the byte at `offset`, as a signed number. */
  word(offset: number): number {
    const chunks = this.#chunks
    if (chunks === undefined) return this.words[wordIndex(offset)]!
    const inPage = offset & (PAGE_BYTES - 1)
    const page = pageIndex(offset)
    const slot = chunks[page >>> CHUNK_BITS]![page & (CHUNK_PAGES - 1)]!
    if (slot > ZERO) return this.#slabs[slot >>> SLAB_BITS]!.words[(slot & (SLAB_PAGES - 1)) * PAGE_WORDS + (inPage >>> 2)]!
    if (slot === ABSENT) throw new NotLoadedError((this.base + page * PAGE_BYTES) as Gpa)
    return 0
  }

  /** How many 64-bit words from `offset` on, at most `limit`, are known to be zero. */
  knownZeros(offset: number, limit: number): number {
    const chunks = this.#chunks
    const most = Math.min(limit, (this.bytes - offset) / 8)
    let page = pageIndex(offset)
    // Counted from the page's begin.
    let zeros = -((offset & (PAGE_BYTES - 1)) >>> 3)
    while (zeros < most) {
      const pages = chunks === undefined ? this.#log.neverWritten(page) : knownZeroPages(chunks, page, most - zeros)
      if (pages === 0) break
      zeros += pages * PAGE_ENTRIES
      page += pages
    }
    if (chunks === undefined && zeros < most) zeros += this.#log.untouched(page)
    return Math.max(0, Math.min(zeros, most))
  }

  /** Says that the pages of a `loaded` region from the one at `offset` up to `end` hold zeros, but those that hold something already. */
  loadZeros(offset: number, end: number): void {
    const chunks = this.#chunks!
    const last = Math.ceil(end / PAGE_BYTES)
    for (let page = pageIndex(offset); page < last; ) {
      const chunk = page >>> CHUNK_BITS
      const next = Math.min(last, (chunk + 1) << CHUNK_BITS)
      if (chunks[chunk] === ABSENT_CHUNK && next - page === CHUNK_PAGES) chunks[chunk] = ZERO_CHUNK
      else for (; page < next; page++) if (this.#slot(page) === ABSENT) this.#setSlot(page, ZERO)
      page = next
    }
  }

  /** How many pages from the one at `offset` up to `end` are all loaded, or all not, as far as one chunk tells. */
  sameLoaded(offset: number, end: number): number {
    const first = pageIndex(offset)
    const last = Math.ceil(end / PAGE_BYTES)
    if (this.#chunks === undefined) return last - first
    const next = Math.min(last, ((first >>> CHUNK_BITS) + 1) << CHUNK_BITS)
    const chunk = this.#chunks[first >>> CHUNK_BITS]
    if (chunk === ABSENT_CHUNK || chunk === ZERO_CHUNK) return next - first
    const isAbsent = this.#slot(first) === ABSENT
    let page = first + 1
    while (page < next && (this.#slot(page) === ABSENT) === isAbsent) page++
    return page - first
  }

  /** True when reading `offset` needs no loading. */
  isLoaded(offset: number): boolean {
    return this.#slot(pageIndex(offset)) !== ABSENT
  }

  #slot(page: number): number | undefined {
    return this.#chunks?.[page >>> CHUNK_BITS]?.[page & (CHUNK_PAGES - 1)]
  }

  /** Copies a page into a region that is not flat, without marking it dirty: what a loader does. */
  load(offset: number, source: Uint8Array): void {
    const { buffer, byteOffset } = this.#page(this.#ownSlot(pageIndex(offset), this.#chunks!))
    new Uint8Array(buffer, byteOffset, source.length).set(source)
  }

  dirtyPages(into: Gpa[]): void {
    for (const page of this.#log.dirtyPages()) into.push((this.base + page * PAGE_BYTES) as Gpa)
  }

  clearDirty(): void {
    this.#log.clearDirty()
  }

  /**
   * A copy that shares its pages with this region until the copy writes them; this region must not be written any more.
   * A flat region has no pages to share: its non-zero ones are copied.
   */
  fork(): Region {
    const { base, bytes } = this
    if (this.#chunks === undefined) return this.#forkFlat()
    const copy = new Region({ base, bytes, backing: 'sparse' }, this)
    copy.#chunks = this.#chunks.slice()
    this.#owned.fill(0)
    copy.#slabs = this.#slabs.slice()
    copy.#used = copy.#shared = this.#slabs.length * SLAB_PAGES || 1
    return copy
  }

  #forkFlat(): Region {
    const { base, bytes, words } = this
    const copy = new Region({ base, bytes, backing: 'sparse' })
    for (let offset = 0; offset < bytes; offset += PAGE_BYTES) {
      if (this.#log.neverWritten(offset / PAGE_BYTES) > 0) continue
      const pageBytes = Math.min(PAGE_BYTES, bytes - offset)
      if (!isZero(words, offset / 4, (offset + pageBytes) / 4)) copy.load(offset, new Uint8Array(words.buffer, offset, pageBytes))
    }
    return copy
  }

  /** `0x40000000 to 0x4bffffff  192 MiB flat, 3 pages written`. */
  toString(): string {
    const pages: Gpa[] = []
    this.dirtyPages(pages)
    const kept = this.#chunks === undefined ? 'flat' : `sparse, ${counted(this.#held(this.#chunks), 'page')} kept`
    const hex = (at: number) => `0x${at.toString(16)}`
    const place = `${hex(this.base)} to ${hex(this.base + this.bytes - 1)}`
    return `${place}  ${sizeText(this.bytes)} ${kept}, ${counted(pages.length, 'page')} written`
  }

  /** Pages that have bytes of their own. */
  #held(chunks: readonly Int32Array[]): number {
    let held = 0
    for (const chunk of chunks) {
      if (chunk === ABSENT_CHUNK || chunk === ZERO_CHUNK) continue
      for (const slot of chunk) if (slot > ZERO) held++
    }
    return held
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

  /** The slot of a page that is about to be written: one of our own, which reads as the page did so far. */
  #ownSlot(page: number, chunks: readonly Int32Array[]): number {
    const from = chunks[page >>> CHUNK_BITS]![page & (CHUNK_PAGES - 1)]!
    if (from >= this.#shared) return from
    const slot = this.#used++
    this.#slabs[slot >>> SLAB_BITS] ??= zeroWords(SLAB_PAGES * PAGE_BYTES)
    if (from > ZERO) this.#page(slot).set(this.#page(from))
    this.#setSlot(page, slot)
    return slot
  }

  #page(slot: number): Int32Array {
    const first = (slot & (SLAB_PAGES - 1)) * PAGE_WORDS
    return this.#slabs[slot >>> SLAB_BITS]!.words.subarray(first, first + PAGE_WORDS)
  }

  #pointAtSlot(place: Place, slot: number, inPage: number): void {
    const slab = this.#slabs[slot >>> SLAB_BITS]!
    place.words = slab.words
    place.doubles = slab.doubles
    place.index = (slot & (SLAB_PAGES - 1)) * PAGE_WORDS + (inPage >>> 2)
    place.zeroOffset = -1
  }
}

/** How many pages from this one on have no bytes of their own and read as zeros, as far as `words` of 64 bits and one chunk tell. */
function knownZeroPages(chunks: readonly Int32Array[], page: number, words: number): number {
  const chunk = chunks[page >>> CHUNK_BITS]!
  const first = page & (CHUNK_PAGES - 1)
  const end = Math.min(CHUNK_PAGES, first + Math.ceil(words / PAGE_ENTRIES))
  if (chunk === ZERO_CHUNK) return end - first
  let at = first
  while (at < end && chunk[at] === ZERO) at++
  return at - first
}

/** The page that holds a byte. As `wordIndex`. */
function pageIndex(offset: number): number {
  return offset < SMALL_BYTES ? offset >> PAGE_BITS : Math.floor(offset / PAGE_BYTES)
}

/** The index of the 32-bit word that holds a byte: in integer arithmetic as far as that goes, which most regions do not leave. */
export function wordIndex(offset: number): number {
  return offset < SMALL_BYTES ? offset >> 2 : Math.floor(offset / 4)
}
