import { KvmError } from './errors.ts'
import type { Gpa, GpaRange } from './gpa.ts'
import { PAGE_BYTES, Region, type RegionShape } from './region.ts'

/** The part of `GuestMemory` that cannot change it. */
export type ReadonlyMemory = Pick<GuestMemory, 'contains' | 'u8' | 'u32' | 'read' | 'seek' | 'fork' | 'ranges'>

/**
 * Guest RAM as a device sees it: regions (KVM's memory slots) with holes between them, little-endian.
 *
 * One concrete class on purpose: every call site stays monomorphic. Hot loops call `seek` once per table and then work on the
 * returned region's `words[index]` for `run` 64-bit words; everything else uses the checked accessors, which answer a hole
 * with EFAULT and its address, as kvm_read_guest and kvm_write_guest do.
 */
export class GuestMemory {
  #regions: Region[] = []
  #last: Region | undefined

  constructor(shapes: readonly RegionShape[] = []) {
    for (const shape of shapes) this.addRegion(shape)
  }

  /** Adds a region of zeros. @throws RangeError when it overlaps another. */
  addRegion(shape: RegionShape): Region {
    const region = new Region(shape)
    const clash = this.#regions.find((other) => region.base < other.end && other.base < region.end)
    if (clash !== undefined) throw new RangeError(`a region at 0x${shape.base.toString(16)} overlaps another`)
    this.#regions = [...this.#regions, region].sort((a, b) => a.base - b.base)
    return region
  }

  /** Takes a region and its contents away, as KVM_SET_USER_MEMORY_REGION with size 0 does. */
  removeRegion(base: Gpa): void {
    this.#regions = this.#regions.filter((region) => region.base !== base)
    this.#last = undefined
  }

  /** The regions, in address order. */
  get ranges(): readonly GpaRange[] {
    return this.#regions.map(({ base, bytes }) => ({ base, bytes }))
  }

  /** The region that holds `at`, or undefined in a hole. */
  region(at: Gpa): Region | undefined {
    const last = this.#last
    return last !== undefined && at >= last.base && at < last.end ? last : this.#findRegion(at)
  }

  /** True when the byte at `at` is RAM; with `bytes`, when all of them are. */
  contains(at: Gpa, bytes = 1): boolean {
    const region = this.region(at)
    return region !== undefined && (bytes === 1 || this.#reaches(region, at + bytes))
  }

  /**
   * Finds the 64-bit word at `at` (8-byte aligned) for reading: the region's `words`, `doubles`, `index` and `run` are valid
   * until its next seek. Undefined in a hole.
   */
  seek(at: Gpa): Region | undefined {
    const region = this.region(at)
    region?.seek(at - region.base)
    return region
  }

  /** As `seek`, for writing: the page becomes private and dirty. A run longer than its first page is marked with `touch`. */
  seekForWrite(at: Gpa): Region | undefined {
    const region = this.region(at)
    region?.seekForWrite(at - region.base)
    return region
  }

  /** @throws KvmError EFAULT outside RAM. */
  u8(at: Gpa): number {
    const last = this.#last
    if (last === undefined || at < last.base || at >= last.end || !last.isSmall) return this.#byteAnywhere(at)
    const offset = at - last.base
    return (last.words[offset >> 2]! >>> ((offset & 3) * 8)) & 0xff
  }

  /** The 32-bit word at `at` (4-byte aligned). @throws KvmError EFAULT outside RAM. */
  u32(at: Gpa): number {
    const region = this.region(at) ?? hole(at)
    region.seek(at - region.base)
    return region.words[region.index]! >>> 0
  }

  /** @throws KvmError EFAULT outside RAM. */
  setU8(at: Gpa, value: number): void {
    const region = this.region(at) ?? hole(at)
    region.seekForWrite(at - region.base - ((at - region.base) & 3))
    const shift = (at & 3) * 8
    const { words, index } = region
    words[index] = (words[index]! & ~(0xff << shift)) | ((value & 0xff) << shift)
  }

  /** @throws KvmError EFAULT outside RAM. */
  setU32(at: Gpa, value: number): void {
    const region = this.region(at) ?? hole(at)
    region.seekForWrite(at - region.base)
    region.words[region.index] = value
  }

  /** Writes the 64-bit word at `at` (8-byte aligned) from its halves. @throws KvmError EFAULT outside RAM. */
  setWord(at: Gpa, lo: number, hi: number): void {
    const region = this.region(at) ?? hole(at)
    region.seekForWrite(at - region.base)
    region.words[region.index] = lo
    region.words[region.index + 1] = hi
  }

  /** Copies `bytes` bytes out. @throws KvmError EFAULT at the first byte outside RAM. */
  read(at: Gpa, bytes: number): Uint8Array {
    const copy = new Uint8Array(bytes)
    this.#pieces(at, bytes, (region, offset, done, length) => {
      region.seek(offset - (offset & 3))
      copy.set(new Uint8Array(region.words.buffer, region.index * 4 + (offset & 3), length), done)
    })
    return copy
  }

  /** Copies bytes in. What comes before a hole stays written, as in the kernel. @throws KvmError EFAULT. */
  write(at: Gpa, bytes: Uint8Array): void {
    this.#pieces(at, bytes.length, (region, offset, done, length) => {
      region.seekForWrite(offset - (offset & 3))
      new Uint8Array(region.words.buffer, region.index * 4 + (offset & 3), length).set(bytes.subarray(done, done + length))
    })
  }

  /** Sets `bytes` bytes to `value`. @throws KvmError EFAULT at the first byte outside RAM. */
  fill(at: Gpa, bytes: number, value = 0): void {
    this.#pieces(at, bytes, (region, offset, _done, length) => {
      region.seekForWrite(offset - (offset & 3))
      new Uint8Array(region.words.buffer, region.index * 4 + (offset & 3), length).fill(value)
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

  /** A private copy: pages are shared until the copy writes them. This memory must not be written while a fork is in use. */
  fork(): GuestMemory {
    const copy = new GuestMemory()
    copy.#regions = this.#regions.map((region) => region.fork())
    return copy
  }

  #byteAnywhere(at: Gpa): number {
    const region = this.region(at) ?? hole(at)
    const offset = at - region.base
    region.seek(offset - (offset & 3))
    return (region.words[region.index]! >>> ((offset & 3) * 8)) & 0xff
  }

  #findRegion(at: Gpa): Region | undefined {
    const found = this.#regions.find((region) => at >= region.base && at < region.end)
    if (found !== undefined) this.#last = found
    return found
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

function hole(at: Gpa): never {
  throw new KvmError('EFAULT', `0x${at.toString(16)} is not in guest RAM`, { at })
}
