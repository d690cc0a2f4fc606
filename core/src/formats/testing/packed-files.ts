/** The parts of a zstd frame that tests write themselves; `zstd` writes the others. */
export interface ZstdFrameParts {
  /** The byte behind the magic. */
  readonly descriptor?: number
  /** What follows it up to the first block: the window descriptor, if nothing else is said. */
  readonly fields?: readonly number[]
  readonly blocks: readonly Uint8Array[]
  readonly checksum?: number
}

const ZSTD_MAGIC = [0x28, 0xb5, 0x2f, 0xfd]
const LARGEST_BLOCK = 128 << 10
/** 8 MiB. */
const WINDOW = 0x68

export const joinedBytes = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts))

export function zstdFrame({ descriptor = 0, fields = [WINDOW], blocks, checksum }: ZstdFrameParts): Uint8Array {
  const end = new Uint8Array(checksum === undefined ? 0 : 4)
  if (checksum !== undefined) new DataView(end.buffer).setUint32(0, checksum, true)
  return joinedBytes(Uint8Array.of(...ZSTD_MAGIC, descriptor, ...fields), ...blocks, end)
}

/** A block; `size` is what it decodes to, or for a compressed one its length. */
export function zstdBlock(
  type: 'raw' | 'rle' | 'compressed' | 'reserved',
  size: number,
  bytes: Uint8Array,
  last = false,
): Uint8Array {
  const word = (size << 3) | (['raw', 'rle', 'compressed', 'reserved'].indexOf(type) << 1) | (last ? 1 : 0)
  return joinedBytes(Uint8Array.of(word & 0xff, (word >> 8) & 0xff, word >> 16), bytes)
}

/** A frame of `bytes` zeros, 4 bytes for each 128 KiB of them: what hurts who keeps them all. */
export function zstdBomb(bytes: number): Uint8Array {
  const block = (last: boolean) => zstdBlock('rle', LARGEST_BLOCK, Uint8Array.of(0), last)
  const count = Math.ceil(bytes / LARGEST_BLOCK)
  return zstdFrame({ blocks: Array.from({ length: count }, (_, i) => block(i === count - 1)) })
}

export function skippableFrame(contents: Uint8Array): Uint8Array {
  const header = new DataView(new ArrayBuffer(8))
  header.setUint32(0, 0x184d2a53, true)
  header.setUint32(4, contents.length, true)
  return joinedBytes(new Uint8Array(header.buffer), contents)
}
