import { shown, wholeNumber } from './arguments.ts'
import { ByteTable } from './byte-table.ts'
import { Cursor, type ReadCursor, type WriteCursor } from './cursor.ts'
import { KvmError } from './errors.ts'
import { firstPast } from './first-past.ts'
import { GPA_LIMIT, type Gpa, type GpaRange } from './gpa.ts'
import { INSPECT, memoryText } from './inspect.ts'
import { bytesAt } from './place.ts'
import { Region } from './region.ts'
import type { RegionShape } from './region-shape.ts'
import { PAGE_BYTES } from './write-log.ts'

/** Holds no address. */
const EMPTY = new Region({ base: 0 as Gpa, bytes: 8 })
EMPTY.remove()

/** Guest RAM for those who only look at it, such as an audit: nothing that it hands out can change it. */
export type ReadonlyMemory = Pick<
  GuestMemory,
  'ranges' | 'contains' | 'isLoaded' | 'notLoaded' | 'u8' | 'u32' | 'read' | 'cursor' | 'fork'
>

/**
 * Guest RAM as a device sees it: regions (KVM's memory slots) with holes between them, little-endian.
 *
 * One concrete class on purpose (`LoadableMemory` adds loading and nothing else): call sites stay monomorphic. Hot loops take a cursor once and point it from table to table;
 * everything else uses the checked accessors, which answer a hole with EFAULT and its address, as kvm_read_guest and
 * kvm_write_guest do.
 */
export class GuestMemory {
  #regions: Region[] = []
  #last = EMPTY
  /** The region found last among those that are flat: what is in its first bytes is read without asking further. */
  #small = EMPTY
  readonly #find = (at: Gpa): Region | undefined => this.region(at)
  readonly #byte = (at: Gpa): number => this.u8(at)
  /** Where the accessors read and write more than a word. */
  readonly #own = new Cursor(this.#find)

  constructor(shapes: readonly RegionShape[] = []) {
    for (const shape of shapes) this.addRegion(shape)
  }

  /**
   * Adds a region of zeros. @throws RangeError for a shape that is none, one for which there is no room, and one that overlaps another;
   * nothing is added then.
   */
  addRegion(shape: RegionShape): void {
    this.add(new Region(shape))
  }

  protected add(region: Region): void {
    const place = this.#firstAbove(region.base)
    const [before, after] = [this.#regions[place - 1], this.#regions[place]]
    if ((before !== undefined && before.end > region.base) || (after !== undefined && after.base < region.end)) {
      throw new RangeError(`a region at 0x${region.base.toString(16)} overlaps another`)
    }
    this.#regions.splice(place, 0, region)
  }

  /** Takes a region and its contents away, as KVM_SET_USER_MEMORY_REGION with size 0 does; nothing where none begins at `base`. */
  removeRegion(base: Gpa): void {
    for (const region of this.#regions) if (region.base === base) region.remove()
    this.#regions = this.#regions.filter((region) => region.base !== base)
  }

  /** Puts a region of zeros, or nothing, where another is. @throws RangeError as `addRegion`: what was there is there then. */
  replaceRegion(base: Gpa, shape: RegionShape | undefined): void {
    const before = this.#regions
    const last = before.find((region) => region.base === base)
    this.#regions = before.filter((region) => region !== last)
    this.#last = EMPTY
    try {
      if (shape !== undefined) this.addRegion(shape)
    } catch (error) {
      this.#regions = before
      throw error
    }
    last?.remove()
  }

  /** The regions, in address order. */
  get ranges(): readonly GpaRange[] {
    return this.#regions.map(({ base, bytes }) => ({ base, bytes }))
  }

  /** The region that holds `at`, or undefined in a hole. */
  protected region(at: Gpa): Region | undefined {
    const last = this.#last
    return at < last.end && at >= last.base ? last : this.#findRegion(at)
  }

  /** True when the byte at `at` is RAM; with `bytes`, when all of them are. */
  contains(at: Gpa, bytes?: number): boolean {
    return bytes === undefined ? this.region(at) !== undefined : this.#containsRun(at, bytes)
  }

  #containsRun(at: Gpa, bytes: number): boolean {
    const region = this.region(at)
    return region !== undefined && this.#reaches(region, at + bytes)
  }

  /** True when reading the byte at `at` needs no loading; with `bytes`, when none of them does. What is not RAM needs none. */
  isLoaded(at: Gpa, bytes = 1): boolean {
    if (bytes !== 1) {
      wholeNumber('the bytes asked about', bytes, 0, GPA_LIMIT)
      return this.notLoaded({ base: at, bytes }).next().done === true
    }
    const region = this.region(at)
    return region?.isLoaded(at - region.base) ?? true
  }

  /** The pages of a range that lie in RAM and are not loaded, in address order, those that follow one another mostly together. */
  *notLoaded({ base, bytes }: GpaRange): Generator<GpaRange> {
    const end = base + bytes
    for (let i = Math.max(0, this.#firstAbove(base) - 1); i < this.#regions.length; i++) {
      const region = this.#regions[i]!
      const last = Math.min(end, region.end) - region.base
      for (let offset = Math.max(base, region.base) - region.base; offset < last; ) {
        const first = offset - (offset % PAGE_BYTES)
        const next = Math.min(first + region.sameLoaded(first, last) * PAGE_BYTES, region.bytes)
        if (!region.isLoaded(first)) yield { base: (region.base + first) as Gpa, bytes: next - first }
        offset = next
      }
      if (region.end >= end) return
    }
  }

  /** A new place to read from, of the caller's own. */
  cursor(): ReadCursor {
    return new Cursor(this.#find)
  }

  /** A new place to write to, of the caller's own. */
  writeCursor(): WriteCursor {
    return new Cursor(this.#find)
  }

  /** The bytes from `base` on, as far as there are any, to be read by index. */
  byteTable(base: Gpa): ByteTable {
    return new ByteTable(base, EMPTY, this.#find, this.#byte)
  }

  /** @throws KvmError EFAULT outside RAM. */
  u8(at: Gpa): number {
    const { base, smallBytes, words } = this.#small
    const offset = at - base
    return offset >= 0 && offset < smallBytes ? (words[offset >> 2]! >>> ((offset & 3) * 8)) & 0xff : this.#byteAnywhere(at)
  }

  /** The 32-bit word at `at` (4-byte aligned). @throws KvmError EFAULT outside RAM. */
  u32(at: Gpa): number {
    const { base, smallBytes, words } = this.#small
    const offset = at - base
    return offset >= 0 && offset < smallBytes ? words[offset >> 2]! >>> 0 : this.#wordAnywhere(at)
  }

  /**
   * Of these, `value` may be signed or not. @throws KvmError EFAULT outside RAM. @throws RangeError for a value that a byte cannot hold, or
   * an address that is no whole number.
   */
  setU8(at: Gpa, value: number): void {
    wholeNumber('the byte', value, -0x80, 0xff)
    const { words, index } = this.#toWrite(at, 1)
    const shift = (at & 3) * 8
    words[index] = (words[index]! & ~(0xff << shift)) | ((value & 0xff) << shift)
  }

  /**
   * Writes the 32-bit word at `at` (4-byte aligned), signed or not. @throws KvmError EFAULT outside RAM. @throws RangeError for an
   * address that is not aligned, or a value of more than 32 bits.
   */
  setU32(at: Gpa, value: number): void {
    half(value)
    const { words, index } = this.#toWrite(at, 4)
    words[index] = value
  }

  /**
   * Writes the 64-bit word at `at` (8-byte aligned) from its halves, signed or not. @throws KvmError EFAULT outside RAM. @throws RangeError
   * for an address that is not aligned, or halves of more than 32 bits.
   */
  setWord(at: Gpa, lo: number, hi: number): void {
    half(lo)
    half(hi)
    const { words, index } = this.#toWrite(at, 8)
    words[index] = lo
    words[index + 1] = hi
  }

  /**
   * Copies `bytes` bytes out. @throws KvmError EFAULT at the first byte outside RAM. @throws RangeError for what is no address or no number
   * of bytes, and for more than can be allocated.
   */
  read(at: Gpa, bytes: number): Uint8Array {
    checkRun(at, bytes)
    // Said before so much is allocated.
    if (bytes > PAGE_BYTES && !this.contains(at, bytes)) this.#pieces(at, bytes, () => undefined)
    const copy = bytesFor(bytes)
    this.#pieces(at, bytes, (region, offset, done, length) => {
      region.point(this.#own, offset - (offset & 3))
      copy.set(bytesAt(this.#own, offset & 3, length), done)
    })
    return copy
  }

  /**
   * Copies bytes in. What comes before a hole stays written, as in the kernel. @throws KvmError EFAULT. @throws RangeError for what is no
   * address or no Uint8Array.
   */
  write(at: Gpa, bytes: Uint8Array): void {
    if (!(bytes instanceof Uint8Array)) throw new RangeError(`${shown(bytes)} is no Uint8Array`)
    checkRun(at, bytes.length)
    this.#pieces(at, bytes.length, (region, offset, done, length) => {
      region.pointForWrite(this.#own, offset - (offset & 3))
      bytesAt(this.#own, offset & 3, length).set(bytes.subarray(done, done + length))
    })
  }

  /**
   * Sets `bytes` bytes to `value`. What comes before a hole stays written. @throws KvmError EFAULT at the first byte outside RAM. @throws
   * RangeError for what is no address, no number of bytes or no byte.
   */
  fill(at: Gpa, bytes: number, value = 0): void {
    checkRun(at, bytes)
    wholeNumber('the byte', value, 0, 0xff)
    this.#pieces(at, bytes, (region, offset, _done, length) => {
      region.pointForWrite(this.#own, offset - (offset & 3))
      bytesAt(this.#own, offset & 3, length).fill(value)
    })
  }

  /** The pages written since the log was cleared, in address order: what KVM's dirty bitmap would tell a VMM. */
  dirtyPages(): Gpa[] {
    const pages: Gpa[] = []
    for (const region of this.#regions) region.dirtyPages(pages)
    return pages
  }

  clearDirty(): void {
    for (const region of this.#regions) region.clearDirty()
  }

  /**
   * A private copy: pages are shared until the copy writes them. This memory must not be written while a fork is in use. Where the
   * pages of the addresses in `zeros` hold nothing because they were not loaded, they read as zeros in the copy.
   */
  fork(zeros: Iterable<Gpa> = []): GuestMemory {
    const copy = new GuestMemory()
    copy.#regions = this.#regions.map((region) => region.fork())
    for (const at of zeros) {
      const region = copy.region(at)
      region?.loadZeros(at - region.base, at + 1 - region.base)
    }
    return copy
  }

  /** What console.log shows: where RAM is, how it is kept, and how much of it was written since the log was cleared. */
  [INSPECT](): string {
    return memoryText(this.constructor.name, this.#regions)
  }

  #toWrite(at: Gpa, alignment: number): WriteCursor {
    if (typeof at !== 'number' || at % alignment !== 0) throw notAligned(at, alignment)
    return this.#own.seekForWrite(at) ? this.#own : hole(at)
  }

  #wordAnywhere(at: Gpa): number {
    const region = this.region(at) ?? hole(at)
    return region.word(at - region.base) >>> 0
  }

  #byteAnywhere(at: Gpa): number {
    const region = this.region(at) ?? hole(at)
    const offset = at - region.base
    return (region.word(offset) >>> ((offset & 3) * 8)) & 0xff
  }

  #findRegion(at: Gpa): Region | undefined {
    const found = this.#regions[this.#firstAbove(at) - 1]
    if (found === undefined || !(at < found.end)) return undefined
    this.#last = found
    if (found.smallBytes > 0) this.#small = found
    return found
  }

  /** How many regions begin at `at` or below: a file may have RAM in 60,000 pieces. */
  #firstAbove(at: number): number {
    return firstPast(this.#regions.length, (i) => this.#regions[i]!.base > at)
  }

  /** True when RAM goes on without a hole from a region up to `end`. */
  #reaches(region: Region, end: number): boolean {
    let last: Region | undefined = region
    while (last !== undefined && last.end < end) last = this.region(last.end as Gpa)
    return last !== undefined
  }

  #pieces(at: Gpa, bytes: number, piece: (region: Region, offset: number, done: number, length: number) => void): void {
    for (let done = 0; done < bytes; ) {
      const region = this.region((at + done) as Gpa) ?? hole((at + done) as Gpa)
      const offset = at + done - region.base
      const length = Math.min(bytes - done, PAGE_BYTES - (offset & (PAGE_BYTES - 1)), region.bytes - offset)
      piece(region, offset, done, length)
      done += length
    }
  }
}

/** A register and an offset may lead past the last address there can be: that is outside RAM, and no caller's mistake. */
function checkRun(at: Gpa, bytes: number): void {
  wholeNumber('the address', at, 0, Number.MAX_SAFE_INTEGER)
  wholeNumber('the number of bytes', bytes, 0, GPA_LIMIT)
}

const half = (value: number): number => wholeNumber('the 32-bit word', value, -0x8000_0000, 0xffff_ffff)

function notAligned(at: unknown, alignment: number): RangeError {
  return new RangeError(`the address ${shown(at)} is no multiple of ${alignment}`)
}

function bytesFor(bytes: number): Uint8Array {
  try {
    return new Uint8Array(bytes)
  } catch (error) {
    throw new RangeError(`${bytes} bytes are more than can be read at once`, { cause: error })
  }
}

function hole(at: Gpa): never {
  wholeNumber('the address', at, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
  throw new KvmError('EFAULT', `0x${at.toString(16)} is not in guest RAM`, { at })
}
