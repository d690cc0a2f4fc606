import { Xxh64 } from '../../core/src/formats/packed/xxh64.ts'

/** The checksum of what a frame holds. */
export function zstdChecksum(contents: Uint8Array): number {
  const hash = new Xxh64()
  hash.add(contents)
  return hash.low()
}

const MOST_IN_BLOCK = 1 << 17
const WINDOW = 0x58

/** What of a frame is other than a writer would have it. */
export interface FrameLies {
  readonly checksum?: number
  readonly contentBytes?: number
  readonly window?: number
  /** Size and type of the first block. */
  readonly block?: number
  /** Bytes of the blocks: pieces of one byte repeated are written as such. */
  readonly blockBytes?: number
  readonly last?: boolean
}

/** One frame of RFC 8878 whose blocks are stored or runs of one byte: there is no compressor for Node 20. */
export function zstdFrame(contents: Uint8Array, lies: FrameLies = {}): Uint8Array {
  const { checksum = zstdChecksum(contents), contentBytes, window = WINDOW, blockBytes = MOST_IN_BLOCK, last = true } = lies
  const parts: Uint8Array[] = [frameHeader(contentBytes, window)]
  const step = Math.max(1, Math.min(blockBytes, MOST_IN_BLOCK))
  for (let at = 0; at === 0 || at < contents.length; at += step) {
    const piece = contents.subarray(at, at + step)
    const isLast = at + step >= contents.length && last
    const isRun = piece.length > 1 && piece.every((byte) => byte === piece[0])
    const honest = (piece.length << 3) | (isRun ? 2 : 0) | (isLast ? 1 : 0)
    parts.push(le(at === 0 ? (lies.block ?? honest) : honest, 3), isRun ? piece.subarray(0, 1) : piece)
  }
  return new Uint8Array(Buffer.concat([...parts, le(checksum, 4)]))
}

function frameHeader(contentBytes: number | undefined, window: number): Uint8Array {
  const magic = le(0xfd2fb528, 4)
  if (contentBytes === undefined) return Buffer.concat([magic, Uint8Array.of(0x04, window)])
  return Buffer.concat([
    magic,
    Uint8Array.of(0xc4, window),
    le(contentBytes % 2 ** 32, 4),
    le(Math.floor(contentBytes / 2 ** 32), 4),
  ])
}

export function skippableFrame(bytes: number, claimed = bytes): Uint8Array {
  return new Uint8Array(Buffer.concat([le(0x184d2a50, 4), le(claimed, 4), new Uint8Array(bytes)]))
}

function le(value: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => Math.floor(value / 2 ** (8 * i)) % 256)
}
