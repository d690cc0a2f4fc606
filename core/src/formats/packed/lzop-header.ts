import { FormatError } from '../format-error.ts'
import { adler32 } from './adler32.ts'
import { crc32 } from './crc32.ts'
import type { PackedInput } from './packed-input.ts'
import { wrongSum } from './wrong-sum.ts'

export const LZOP_MAGIC = '\x89LZO\0\r\n\x1a\n'
/** What of the flags says how the file is to be read. */
export const LZOP_FLAG = {
  adler32: 0x0001,
  packedAdler32: 0x0002,
  extra: 0x0040,
  crc32: 0x0100,
  packedCrc32: 0x0200,
  multipart: 0x0400,
  filter: 0x0800,
  headerCrc32: 0x1000,
} as const
/** Those of the low 14 bits that lzop knows; above them stand the system and the character set, of 8 and 4 bits. */
const RESERVED = 0x000fc000
/** Headers before this version, of 1997, have fewer fields. */
const OLDEST = 0x0940
/** LZO1X by three sorts of compressors, which one decompressor reads. */
const METHODS = [1, 2, 3]
/** Where the method and the flags are behind the magic, and what there is before the name, the length of which comes last. */
const AT = { method: 6, flags: 8 } as const
const FIXED_BYTES = 25
const WORD = 4

export interface LzopHeader {
  readonly flags: number
}

/** @throws FormatError Source: lzop 1.04, src/lzop.c, read_header. */
export async function readLzopHeader(input: PackedInput, isFirst: boolean): Promise<LzopHeader> {
  const what = 'the header of an lzop file'
  const { place } = input
  await input.need(LZOP_MAGIC.length, what)
  const magic = input.text(LZOP_MAGIC.length)
  if (magic !== LZOP_MAGIC) throw new FormatError(place, `an lzop file${isFirst ? '' : ', or the end of the file'}`, `"${magic}"`)
  await input.need(FIXED_BYTES, what)
  const version = u16(input, 0)
  if (version < OLDEST)
    throw new FormatError(input.place, `${what} of version 0x${OLDEST.toString(16)} or later`, `0x${version.toString(16)}`)
  const method = input.bytes[input.at + AT.method]!
  const flags = u32(input, AT.flags)
  if (!METHODS.includes(method))
    throw new FormatError(input.place + AT.method, 'an lzop file packed with LZO1X', `method ${method}`)
  const unread = flags & (RESERVED | LZOP_FLAG.multipart | LZOP_FLAG.filter)
  if (unread !== 0)
    throw new FormatError(
      input.place + AT.flags,
      'an lzop file in one part and without a filter',
      `flags 0x${flags.toString(16)}`,
    )
  const sum = (flags & LZOP_FLAG.headerCrc32) === 0 ? adler32 : (bytes: Uint8Array) => crc32(bytes)
  await checked(input, FIXED_BYTES + input.bytes[input.at + FIXED_BYTES - 1]!, sum, what)
  if ((flags & LZOP_FLAG.extra) !== 0) {
    await input.need(WORD, what)
    await checked(input, WORD + u32(input, 0), sum, what)
  }
  return { flags }
}

/** Passes `bytes` bytes and the checksum of them that follows. */
async function checked(input: PackedInput, bytes: number, sum: (bytes: Uint8Array) => number, what: string): Promise<void> {
  await input.need(bytes + WORD, what)
  const found = sum(input.bytes.subarray(input.at, input.at + bytes))
  const kept = u32(input, bytes)
  if (found !== kept) throw wrongSum(input.place + bytes, what, { found, kept })
  input.at += bytes + WORD
}

const u16 = (input: PackedInput, index: number): number =>
  (input.bytes[input.at + index]! << 8) | input.bytes[input.at + index + 1]!
const u32 = (input: PackedInput, index: number): number => u16(input, index) * 2 ** 16 + u16(input, index + 2)
