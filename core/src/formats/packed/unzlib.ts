import { FormatError } from '../format-error.ts'
import { adler32 } from './adler32.ts'
import { Damaged } from './decoder.ts'
import { History } from './history.ts'
import { DEFLATE_WINDOW, Inflate, LONGEST_MATCH } from './inflate.ts'

const HEADER_BYTES = 2
const CHECKSUM_BYTES = 4
const DEFLATE = 8
const HAS_DICTIONARY = 0x20
/** Bytes behind the input that mean nothing. */
const SLACK = 16

/**
 * Decompresses a short piece of zlib data, which lies at `offset` and holds at most `most` bytes, and holds it against its checksum.
 *
 * @throws FormatError naming `offset`. Source: RFC 1950.
 */
export function unzlib(packed: Uint8Array, most: number, offset: number): Uint8Array {
  const wrong = (found: string, cause?: unknown) => new FormatError(offset, 'data compressed with zlib', found, { cause })
  const [method = 0, flags = 0] = packed
  if ((method & 0xf) !== DEFLATE || (method * 256 + flags) % 31 !== 0 || (flags & HAS_DICTIONARY) !== 0)
    throw wrong('data without its header')
  const bytes = new Uint8Array(packed.length + SLACK)
  bytes.set(packed)
  const input = { bytes, at: HEADER_BYTES, end: packed.length, isLast: true }
  const history = new History(DEFLATE_WINDOW)
  const inflate = new Inflate()
  history.room(most + 1 + LONGEST_MATCH)
  try {
    inflate.run(input, history, most + 1)
  } catch (error) {
    throw error instanceof Damaged ? wrong(error.message, error) : error
  }
  if (!inflate.isDone && history.offset > most)
    throw new FormatError(offset, `at most ${most} bytes compressed with zlib`, 'more')
  const contents = history.last(history.offset)
  if (input.at + CHECKSUM_BYTES > packed.length) throw wrong('the end of its record')
  const kept = new DataView(bytes.buffer).getUint32(input.at)
  if (kept !== adler32(contents)) throw wrong(`0x${kept.toString(16)} as its checksum: it is damaged`)
  return contents
}
