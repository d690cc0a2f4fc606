import { Damaged } from './decoder.ts'
import { decodeHuffman, type HuffmanTable, readHuffmanTable } from './huffman.ts'
import { LARGEST_BLOCK } from './zstd-state.ts'

const TYPE = { raw: 0, rle: 1, compressed: 2, treeless: 3 } as const
/** Bytes of the header of compressed literals, and bits of each of its two sizes, by the format it names. */
const compressedHeaders = [
  { bytes: 3, width: 10, streams: 1 },
  { bytes: 3, width: 10, streams: 4 },
  { bytes: 4, width: 14, streams: 4 },
  { bytes: 5, width: 18, streams: 4 },
] as const

/** The literals of a block. */
export interface Literals {
  /** They begin it. */
  readonly bytes: Uint8Array
  readonly count: number
  /** Behind them, in the block. */
  readonly at: number
  /** The code that later blocks may go on with. */
  readonly huffman: HuffmanTable | undefined
}

/** Room for the literals of one block after the other. */
const room = new Uint8Array(LARGEST_BLOCK + 32)

/**
 * Reads the literals of the block from `at` up to `end`: they are valid until the next call.
 *
 * @throws Damaged. Source: RFC 8878, 3.1.1.3.1.
 */
export function readLiterals(bytes: Uint8Array, at: number, end: number, huffman: HuffmanTable | undefined): Literals {
  if (at >= end) throw new Damaged('a block without literals')
  const type = bytes[at]! & 3
  const format = (bytes[at]! >> 2) & 3
  return type === TYPE.raw || type === TYPE.rle
    ? plain(bytes, at, end, { isRaw: type === TYPE.raw, format, huffman })
    : compressed(bytes, at, end, { ...compressedHeaders[format]!, huffman, isTreeless: type === TYPE.treeless })
}

function plain(
  bytes: Uint8Array,
  at: number,
  end: number,
  { isRaw, format, huffman }: { isRaw: boolean; format: number; huffman: HuffmanTable | undefined },
): Literals {
  const headerBytes = (format & 1) === 0 ? 1 : format === 1 ? 2 : 3
  const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)
  const count = headerBytes === 1 ? (word & 0xff) >> 3 : headerBytes === 2 ? (word & 0xffff) >> 4 : word >> 4
  const start = at + headerBytes
  const behind = start + (isRaw ? count : 1)
  if (behind > end || count > LARGEST_BLOCK) throw new Damaged('literals that go on behind their block')
  if (isRaw) return { bytes: bytes.subarray(start, behind), count, at: behind, huffman }
  room.fill(bytes[start]!, 0, count)
  return { bytes: room, count, at: behind, huffman }
}

interface Compressed {
  readonly bytes: number
  readonly width: number
  readonly streams: number
  readonly huffman: HuffmanTable | undefined
  readonly isTreeless: boolean
}

function compressed(bytes: Uint8Array, at: number, end: number, header: Compressed): Literals {
  const { width, streams } = header
  let sizes = 0
  for (let i = header.bytes - 1; i >= 0; i--) sizes = sizes * 256 + bytes[at + i]!
  const count = Math.floor(sizes / 16) % 2 ** width
  const length = Math.floor(sizes / 16 / 2 ** width)
  let start = at + header.bytes
  const behind = start + length
  if (behind > end || count > LARGEST_BLOCK) throw new Damaged('literals that go on behind their block')
  let { huffman } = header
  if (!header.isTreeless) {
    const read = readHuffmanTable(bytes, start, behind)
    huffman = read.table
    start = read.at
  }
  if (huffman === undefined) throw new Damaged('literals in the code of a block before the first')
  if (streams === 1) decodeHuffman(huffman, bytes, { start, end: behind }, room, 0, count)
  else fourStreams(huffman, bytes, { start, end: behind }, count)
  return { bytes: room, count, at: behind, huffman }
}

const JUMPS = 6

function fourStreams(
  huffman: HuffmanTable,
  bytes: Uint8Array,
  { start, end }: { readonly start: number; readonly end: number },
  count: number,
): void {
  const each = (count + 3) >> 2
  if (start + JUMPS > end || 3 * each > count) throw new Damaged('four streams of literals without room')
  let from = start + JUMPS
  for (let stream = 0; stream < 4; stream++) {
    const jump = start + 2 * stream
    const until = stream === 3 ? end : from + (bytes[jump]! | (bytes[jump + 1]! << 8))
    if (until > end) throw new Damaged('a stream of literals that goes on behind its block')
    const first = stream * each
    decodeHuffman(huffman, bytes, { start: from, end: until }, room, first, stream === 3 ? count - first : each)
    from = until
  }
}
