import { adler32 } from '../packed/adler32.ts'
import { crc32 } from '../packed/crc32.ts'
import { joinedBytes, zstdBlock, zstdFrame } from './packed-files.ts'

/** A number of seven bits to the byte, as xz has them. */
function vli(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...vli(Math.floor(value / 0x80))]
}

const word = (value: number, isLittle: boolean): Uint8Array => {
  const view = new DataView(new ArrayBuffer(4))
  view.setUint32(0, value, isLittle)
  return new Uint8Array(view.buffer)
}
const little = (value: number) => word(value, true)
const big = (value: number) => word(value, false)
const withCrc = (bytes: Uint8Array) => joinedBytes(bytes, little(crc32(bytes)))
const padded = (bytes: Uint8Array, to: number) => joinedBytes(bytes, new Uint8Array(-bytes.length & (to - 1)))

const LARGEST_XZ_CHUNK = 64 << 10

export interface XzParts {
  readonly check?: 'none' | 'CRC32'
  /** The ids of its filters, and their properties. */
  readonly filters?: readonly (readonly [id: number, ...properties: readonly number[]])[]
  /** Sizes in the header of the block, right or not. */
  readonly sizes?: readonly [packedBytes: number, bytes: number]
  /** The contents of a block of LZMA2, without chunks where nothing is to be in it. */
  readonly chunks?: Uint8Array
  /** What the index says instead of the sizes of its block. */
  readonly records?: readonly (readonly [number, number])[]
}

/** LZMA2 with the dictionary of `xz -3`. */
const LZMA2: readonly [number, ...number[]] = [0x21, 0x14]

/** An xz file of one block with its contents as they are, which no encoder writes where they can be packed. */
export function writeXz(
  contents: Uint8Array,
  { check = 'CRC32', filters = [LZMA2], sizes, chunks, records }: XzParts = {},
): Uint8Array {
  const flags = Uint8Array.of(0, check === 'none' ? 0 : 1)
  const fields = [
    (filters.length - 1) | (sizes === undefined ? 0 : 0xc0),
    ...(sizes ?? []).flatMap(vli),
    ...filters.flatMap(([id, ...properties]) => [...vli(id), properties.length, ...properties]),
  ]
  const headerBytes = Math.ceil((1 + fields.length) / 4) * 4 + 4
  const header = withCrc(padded(Uint8Array.of(headerBytes / 4 - 1, ...fields), 4))
  const packed = chunks ?? storedChunks(contents)
  const sum = check === 'none' ? new Uint8Array(0) : little(crc32(contents))
  const listed = records ?? [[headerBytes + packed.length + sum.length, contents.length]]
  const index = withCrc(padded(Uint8Array.of(0, ...vli(listed.length), ...listed.flatMap(([a, b]) => [...vli(a), ...vli(b)])), 4))
  const backward = joinedBytes(little(index.length / 4 - 1), flags)
  return joinedBytes(
    Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0),
    withCrc(flags),
    header,
    padded(packed, 4),
    sum,
    index,
    little(crc32(backward)),
    backward,
    Uint8Array.of(0x59, 0x5a),
  )
}

function storedChunks(contents: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = []
  for (let at = 0; at < contents.length; at += LARGEST_XZ_CHUNK) {
    const piece = contents.subarray(at, at + LARGEST_XZ_CHUNK)
    parts.push(Uint8Array.of(at === 0 ? 1 : 2, (piece.length - 1) >> 8, (piece.length - 1) & 0xff), piece)
  }
  return joinedBytes(...parts, Uint8Array.of(0))
}

const LZOP_BLOCK = 256 << 10

export interface LzopParts {
  readonly version?: number
  readonly method?: number
  readonly flags?: number
  readonly extra?: Uint8Array
  /** How each block of the contents lies in the file: as it is, if nothing else is said. */
  readonly pack?: (block: Uint8Array) => Uint8Array
}

/** An lzop file; without `pack` of blocks as they are, as lzop writes those that it cannot make smaller. */
export function writeLzop(
  contents: Uint8Array,
  { version = 0x1040, method = 1, flags = 1, extra, pack = (block) => block }: LzopParts = {},
): Uint8Array {
  const parts: Uint8Array[] = []
  const all = flags | (extra === undefined ? 0 : 0x40)
  const header = joinedBytes(
    Uint8Array.of(version >> 8, version & 0xff, 0x20, 0xa0, 0x09, 0x40, method, 5),
    big(all),
    new Uint8Array(12),
    Uint8Array.of(2, 0x76, 0x6d),
  )
  const sum = (bytes: Uint8Array) => big((all & 0x1000) === 0 ? adler32(bytes) : crc32(bytes))
  parts.push(Uint8Array.of(0x89, 0x4c, 0x5a, 0x4f, 0, 0x0d, 0x0a, 0x1a, 0x0a), header, sum(header))
  if (extra !== undefined) parts.push(big(extra.length), extra, sum(joinedBytes(big(extra.length), extra)))
  for (let at = 0; at < contents.length; at += LZOP_BLOCK) {
    const block = contents.subarray(at, at + LZOP_BLOCK)
    const packed = pack(block)
    parts.push(big(block.length), big(packed.length))
    if ((all & 1) !== 0) parts.push(big(adler32(block)))
    if ((all & 0x100) !== 0) parts.push(big(crc32(block)))
    if ((all & 2) !== 0 && packed.length < block.length) parts.push(big(adler32(packed)))
    if ((all & 0x200) !== 0 && packed.length < block.length) parts.push(big(crc32(packed)))
    parts.push(packed)
  }
  return joinedBytes(...parts, big(0))
}

const LARGEST_ZSTD_BLOCK = 128 << 10

/** A zstd file of one frame with its contents as they are. */
export function writeZstd(contents: Uint8Array): Uint8Array {
  const blocks: Uint8Array[] = []
  for (let at = 0; at < contents.length || at === 0; at += LARGEST_ZSTD_BLOCK) {
    const piece = contents.subarray(at, at + LARGEST_ZSTD_BLOCK)
    blocks.push(zstdBlock('raw', piece.length, piece, at + LARGEST_ZSTD_BLOCK >= contents.length))
  }
  return zstdFrame({ blocks })
}
