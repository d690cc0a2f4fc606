import { FormatError } from '../format-error.ts'
import { crc32 } from './crc32.ts'
import type { PackedInput } from './packed-input.ts'
import { wrongSum } from './wrong-sum.ts'
import { type CheckKind, checkKinds } from './xz-checks.ts'

export const XZ_MAGIC = '\xfd7zXZ\0'
const STREAM_HEADER_BYTES = 12
const FOOTER_MAGIC = 'YZ'
const FLAG = { filters: 0x03, packedBytes: 0x40, bytes: 0x80, reserved: 0x3c } as const
const LZMA2 = 0x21
/** Filters that xz can put before LZMA2, for programs: nothing packs a VM with them. */
const OTHER_FILTERS: ReadonlyMap<number, string> = new Map([
  [0x03, 'delta'],
  [0x04, 'x86'],
  [0x05, 'PowerPC'],
  [0x06, 'IA-64'],
  [0x07, 'ARM'],
  [0x08, 'ARM Thumb'],
  [0x09, 'SPARC'],
  [0x0a, 'ARM64'],
  [0x0b, 'RISC-V'],
])
/** As with zstd: more is what nobody asks for by accident, and a reader would have to keep it. */
const LARGEST_DICTIONARY = 2 ** 27
const LONGEST_NUMBER = 9
const WORD = 4

/** The header and the footer of a stream say the same. */
export interface StreamFlags {
  /** Its first byte in the file. */
  readonly place: number
  readonly check: CheckKind
  readonly number: number
}

/** What the header of a block says. */
export interface BlockHeader {
  readonly headerBytes: number
  readonly dictionary: number
  readonly packedBytes: number | undefined
  readonly bytes: number | undefined
}

/** @throws FormatError Source: the .xz file format 1.2.1, 2.1.1. */
export async function readStreamHeader(input: PackedInput, isFirst: boolean): Promise<StreamFlags> {
  const { place } = input
  const what = `an xz stream${isFirst ? '' : ', or the end of the file'}`
  await input.need(STREAM_HEADER_BYTES, what)
  const { bytes, at } = input
  const magic = input.text(XZ_MAGIC.length)
  if (magic !== XZ_MAGIC) throw new FormatError(place, what, `"${magic}"`)
  const flags = bytes.subarray(at + 6, at + 8)
  held(bytes, at + 6, at + 8, place + 8, 'the header of the xz stream')
  const [zero, number] = [flags[0]!, flags[1]!]
  const check = checkKinds.get(number)
  if (zero !== 0 || check === undefined)
    throw new FormatError(place + 6, 'an xz stream with CRC32, CRC64, SHA-256 or no check', `check ${number + 256 * zero}`)
  input.at = at + STREAM_HEADER_BYTES
  return { place, check, number }
}

/** @throws FormatError Source: the .xz file format 1.2.1, 2.1.2. */
export async function readStreamFooter(input: PackedInput, { number }: StreamFlags, indexBytes: number): Promise<void> {
  const { place } = input
  await input.need(STREAM_HEADER_BYTES, 'the footer of an xz stream')
  const { bytes, at } = input
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, STREAM_HEADER_BYTES)
  const [crc, backward] = [view.getUint32(0, true), view.getUint32(4, true)]
  const found = crc32(bytes.subarray(at + 4, at + 10))
  if (crc !== found) throw wrongSum(place, 'the footer of the xz stream', { found, kept: crc })
  const bytesBefore = (backward + 1) * WORD
  if (bytesBefore !== indexBytes)
    throw new FormatError(place + 4, `an index of ${indexBytes} bytes, as there is before it`, `${bytesBefore}`)
  if (bytes[at + 8] !== 0 || bytes[at + 9] !== number)
    throw new FormatError(place + 8, `check ${number}, as the header of the stream has it`, `${bytes[at + 9]}`)
  input.at += 10
  const magic = input.text(FOOTER_MAGIC.length)
  if (magic !== FOOTER_MAGIC) throw new FormatError(place + 10, `the end of an xz stream ("${FOOTER_MAGIC}")`, `"${magic}"`)
}

/** The header of a block, the first byte of which is not 0. @throws FormatError Source: the .xz file format 1.2.1, 3.1. */
export async function readBlockHeader(input: PackedInput): Promise<BlockHeader> {
  const { place } = input
  const what = 'the header of an xz block'
  const headerBytes = (input.bytes[input.at]! + 1) * WORD
  await input.need(headerBytes, what)
  const { bytes, at } = input
  const end = at + headerBytes - WORD
  held(bytes, at, end, place + headerBytes - WORD, 'the header of the xz block')
  const flags = bytes[at + 1]!
  if ((flags & FLAG.reserved) !== 0) throw new FormatError(place + 1, `${what} of this version`, `flags 0x${flags.toString(16)}`)
  input.at = at + 2
  const number = () => readNumber(input, end, what)
  const packedBytes = (flags & FLAG.packedBytes) === 0 ? undefined : number()
  const contents = (flags & FLAG.bytes) === 0 ? undefined : number()
  const dictionary = readFilters((flags & FLAG.filters) + 1, input, end)
  if (bytes.subarray(input.at, end).some((byte) => byte !== 0)) throw new FormatError(input.place, 'zeros to its end', 'others')
  input.at = at + headerBytes
  return { headerBytes, dictionary, packedBytes, bytes: contents }
}

/** Only LZMA2 by itself is read: answers how far it may reach back. */
function readFilters(count: number, input: PackedInput, end: number): number {
  const { place } = input
  const id = readNumber(input, end, 'a filter of an xz block')
  if (count !== 1 || id !== LZMA2) {
    const name = id === LZMA2 ? `LZMA2 among ${count} filters` : `the filter ${OTHER_FILTERS.get(id) ?? `0x${id.toString(16)}`}`
    throw new FormatError(place, 'a block packed with LZMA2 alone', name)
  }
  const bytes = readNumber(input, end, 'the size of what a filter says')
  const size = input.bytes[input.at++]!
  if (bytes !== 1 || input.at > end || size > 40)
    throw new FormatError(place, 'the dictionary size of LZMA2', `0x${size.toString(16)}`)
  const dictionary = size === 40 ? 2 ** 32 - 1 : (2 | (size & 1)) * 2 ** ((size >> 1) + 11)
  const mebibytes = (value: number) => `${Math.ceil(value / 2 ** 20)} MiB`
  if (dictionary > LARGEST_DICTIONARY)
    throw new FormatError(place, `a dictionary of at most ${mebibytes(LARGEST_DICTIONARY)}`, mebibytes(dictionary))
  return dictionary
}

/** Seven bits in each byte, the lowest first; nine bytes at most, and no more than are needed. */
export function readNumber(input: PackedInput, end: number, what: string): number {
  const { place } = input
  let value = 0
  for (let i = 0; i < LONGEST_NUMBER && input.at < end; i++) {
    const byte = input.bytes[input.at++]!
    value += (byte & 0x7f) * 2 ** (7 * i)
    if (byte >= 0x80) continue
    if ((byte === 0 && i > 0) || value > Number.MAX_SAFE_INTEGER) break
    return value
  }
  throw new FormatError(place, `a number in ${what}`, 'none that is one')
}

/** Holds the bytes from `start` to `end` against the CRC-32 that follows them, which is at `place` of the file. */
function held(bytes: Uint8Array, start: number, end: number, place: number, what: string): void {
  const kept = new DataView(bytes.buffer, bytes.byteOffset + end, WORD).getUint32(0, true)
  const found = crc32(bytes.subarray(start, end))
  if (found !== kept) throw wrongSum(place, what, { found, kept })
}
