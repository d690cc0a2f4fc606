import { deflateSync } from 'node:zlib'
import type { Gpa, GpaRange } from '../../memory/index.ts'
import { ELF_MAGIC } from '../dumps/elf-core.ts'
import { FLATTENED_MAGIC } from '../dumps/flattened.ts'
import { KDUMP_MAGIC } from '../dumps/kdump-header.ts'
import { lzo1x } from './lzo1x-writer.ts'
import { joinedBytes, zstdBlock, zstdFrame } from './packed-files.ts'
import { snappy } from './snappy-writer.ts'

/** What is dumped: RAM, and how many vCPUs there are. */
export interface DumpedGuest {
  readonly ranges: readonly GpaRange[]
  readonly vcpus: number
  read(at: Gpa, bytes: number): Uint8Array
}

interface Word {
  readonly at: number
  readonly bytes: 2 | 4 | 8
  readonly value: number | bigint
}

/** Little-endian words at their places. */
function put(into: Uint8Array, ...words: readonly (readonly [at: number, bytes: Word['bytes'], value: number | bigint])[]): void {
  const view = new DataView(into.buffer, into.byteOffset)
  for (const [at, bytes, value] of words) {
    if (bytes === 2) view.setUint16(at, Number(value), true)
    else if (bytes === 4) view.setUint32(at, Number(value), true)
    else view.setBigUint64(at, BigInt(value), true)
  }
}

function text(into: Uint8Array, at: number, characters: string): void {
  for (let i = 0; i < characters.length; i++) into[at + i] = characters.charCodeAt(i)
}

export interface ElfOptions {
  /** Put the count of the segments where it is when it does not fit. */
  readonly manySegments?: boolean
  /** Bytes at the end of each segment that are left out. */
  readonly leftOut?: number
}

/** The bytes of a note with the registers of a vCPU, whatever they are. */
const PRSTATUS_BYTES = 392
const NOTE_BYTES = 12 + 8 + PRSTATUS_BYTES

/** An ELF core file as QEMU's dump-guest-memory writes it: notes, then RAM as it lies, one segment for each range. */
export function writeElfDump(guest: DumpedGuest, { manySegments = false, leftOut = 0 }: ElfOptions = {}): Uint8Array {
  const count = guest.ranges.length + 1
  const sections = manySegments ? 64 : 0
  const notes = new Uint8Array(guest.vcpus * NOTE_BYTES)
  for (let at = 0; at < notes.length; at += NOTE_BYTES) {
    put(notes, [at, 4, 5], [at + 4, 4, PRSTATUS_BYTES], [at + 8, 4, 1])
    text(notes, at + 12, 'CORE')
  }
  const start = 64 + count * 56 + sections
  const header = new Uint8Array(start)
  text(header, 0, ELF_MAGIC)
  header.set([2, 1, 1], 4)
  put(header, [16, 2, 4], [18, 2, 183], [20, 4, 1], [32, 8, 64], [52, 2, 64], [54, 2, 56])
  put(header, [56, 2, manySegments ? 0xffff : count])
  if (manySegments) put(header, [40, 8, start - 64], [58, 2, 64], [60, 2, 1], [start - 64 + 44, 4, count])
  put(header, [64, 4, 4], [72, 8, start], [96, 8, notes.length], [104, 8, notes.length])
  let offset = start + notes.length
  const contents = guest.ranges.map(({ base, bytes }, n) => {
    const at = 64 + (n + 1) * 56
    const filed = Math.max(0, bytes - leftOut)
    put(header, [at, 4, 1], [at + 8, 8, offset], [at + 16, 8, base], [at + 24, 8, base], [at + 32, 8, filed], [at + 40, 8, bytes])
    offset += filed
    return guest.read(base, filed)
  })
  return joinedBytes(header, notes, ...contents)
}

const packings = {
  raw: [0, (page: Uint8Array) => page],
  zlib: [1, (page: Uint8Array) => new Uint8Array(deflateSync(page, { level: 1 }))],
  lzo: [2, lzo1x],
  snappy: [4, snappy],
  zstd: [0x20, zstd],
} as const

/** A frame in which only runs of one byte take less room. */
function zstd(page: Uint8Array): Uint8Array {
  const pieces = Array.from({ length: page.length / 4096 }, (_, n) => page.subarray(n * 4096, (n + 1) * 4096))
  const blocks = pieces.map((piece, n) => {
    const isRun = piece.every((byte) => byte === piece[0])
    return zstdBlock(isRun ? 'rle' : 'raw', piece.length, isRun ? piece.subarray(0, 1) : piece, n === pieces.length - 1)
  })
  return zstdFrame({ blocks })
}

export interface KdumpOptions {
  readonly packing?: keyof typeof packings
  readonly blockBytes?: number
  /** The version of the headers. */
  readonly version?: number
  /** As it comes through a pipe: in records, the headers written once more at the end. */
  readonly flattened?: boolean
  /** Pages that are left out, and why: the bits of `dump_level`. */
  readonly without?: { readonly level: number; readonly pfn: (pfn: number) => boolean }
}

/** A kdump-compressed file as QEMU's dump-guest-memory writes it: pages that do not become smaller are as they were, and all zeros share one. */
export function writeKdump(guest: DumpedGuest, options: KdumpOptions = {}): Uint8Array {
  const { packing = 'zlib', blockBytes = 0x1_0000, version = 6, flattened = false, without } = options
  const pfns = guest.ranges.flatMap(({ base, bytes }) =>
    Array.from({ length: bytes / blockBytes }, (_, n) => base / blockBytes + n),
  )
  const present = pfns.filter((pfn) => without?.pfn(pfn) !== true)
  const maxPfn = Math.max(...pfns) + 1
  const bitmapBlocks = Math.ceil(maxPfn / 8 / blockBytes)
  const bitmaps = new Uint8Array(2 * bitmapBlocks * blockBytes)
  for (const pfn of pfns) bitmaps[pfn >>> 3]! |= 1 << (pfn & 7)
  for (const pfn of present) bitmaps[bitmapBlocks * blockBytes + (pfn >>> 3)]! |= 1 << (pfn & 7)
  const header = new Uint8Array(464)
  text(header, 0, KDUMP_MAGIC)
  text(header, 272, 'aarch64')
  put(header, [8, 4, version], [424, 4, packings[packing][0]], [428, 4, blockBytes], [432, 4, 1], [436, 4, 2 * bitmapBlocks])
  put(header, [440, 4, maxPfn], [460, 4, guest.vcpus])
  const sub = new Uint8Array(104)
  put(sub, [8, 4, without?.level ?? 1])
  if (version >= 6) put(sub, [88, 8, maxPfn], [96, 8, maxPfn])
  const descriptors = new Uint8Array(present.length * 24)
  const start = blockBytes * 2 + bitmaps.length + descriptors.length
  const pages = packedPages(guest, present, { packing, blockBytes, descriptors, start })
  const records: (readonly [number, Uint8Array])[] = [
    [blockBytes, sub],
    [blockBytes * 2, bitmaps],
    [blockBytes * 2 + bitmaps.length, descriptors],
    [start, pages],
  ]
  if (flattened) return flat([[0, new Uint8Array(464)], ...records, [0, header]])
  const file = new Uint8Array(start + pages.length)
  for (const [at, bytes] of [[0, header] as const, ...records]) file.set(bytes, at)
  return file
}

interface Packing {
  readonly packing: keyof typeof packings
  readonly blockBytes: number
  readonly descriptors: Uint8Array
  readonly start: number
}

function packedPages(
  guest: DumpedGuest,
  pfns: readonly number[],
  { packing, blockBytes, descriptors, start }: Packing,
): Uint8Array {
  const [flag, pack] = packings[packing]
  const zeros = new Uint8Array(blockBytes)
  const parts: Uint8Array[] = [zeros]
  let end = start + blockBytes
  for (const [n, pfn] of pfns.entries()) {
    const page = guest.read((pfn * blockBytes) as Gpa, blockBytes)
    const isZero = Buffer.compare(page, zeros) === 0
    const packed = isZero ? zeros : pack(page)
    const isPacked = !isZero && packed.length < blockBytes
    const contents = isPacked ? packed : page
    put(descriptors, [n * 24, 8, isZero ? start : end], [n * 24 + 8, 4, contents.length], [n * 24 + 12, 4, isPacked ? flag : 0])
    if (isZero) continue
    parts.push(contents)
    end += contents.length
  }
  return joinedBytes(...parts)
}

/** Records with the place where each belongs, big-endian, and one that ends them. */
export function flat(records: readonly (readonly [at: number, bytes: Uint8Array])[]): Uint8Array {
  const header = new Uint8Array(4096)
  text(header, 0, FLATTENED_MAGIC)
  const view = new DataView(header.buffer)
  view.setBigInt64(16, 1n)
  view.setBigInt64(24, 1n)
  const head = (at: number, bytes: number): Uint8Array => {
    const words = new DataView(new ArrayBuffer(16))
    words.setBigInt64(0, BigInt(at))
    words.setBigInt64(8, BigInt(bytes))
    return new Uint8Array(words.buffer)
  }
  return joinedBytes(header, ...records.flatMap(([at, bytes]) => [head(at, bytes.length), bytes]), head(-1, -1))
}
