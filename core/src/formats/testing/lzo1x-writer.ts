import { type Piece, piecesOf } from './repetitions.ts'

const END = [17, 0, 0]

/**
 * A block of LZO1X of these pieces. Repetitions of 2 bytes and those of 3 bytes from 0x801 back have their own instructions, which are there
 * only behind 1 to 3 literals or more than that; two pieces of literals cannot follow each other.
 */
export function lzo1xBlock(pieces: readonly Piece[]): Uint8Array {
  const block: number[] = []
  /** Where the two bits are that count the literals behind a repetition. */
  let count = -1
  let before = 0
  for (const piece of pieces) {
    if ('literals' in piece) {
      const { length } = piece.literals
      if (length === 0) continue
      if (count < 0 && length < 239) block.push(length + 17)
      else if (length < 4) block[count]! |= length
      else block.push(...long(0, length - 3, 15))
      for (const byte of piece.literals) block.push(byte)
      before = length
    } else {
      count = repeat(block, piece, before)
      before = 0
    }
  }
  return Uint8Array.from([...block, ...END])
}

/** Appends a repetition, and tells where its two bits are. */
function repeat(block: number[], { distance, length }: { distance: number; length: number }, before: number): number {
  const at = block.length
  if (length === 2 && before > 0 && before < 4 && distance <= 0x400) {
    block.push(((distance - 1) & 3) << 2, (distance - 1) >> 2)
    return at
  }
  if (length === 3 && before >= 4 && distance > 0x800 && distance <= 0xc00) {
    block.push(((distance - 0x801) & 3) << 2, (distance - 0x801) >> 2)
    return at
  }
  if (length <= 8 && length >= 3 && distance <= 0x800) {
    block.push(((length - 1) << 5) | (((distance - 1) & 7) << 2), (distance - 1) >> 3)
    return at
  }
  const isFar = distance > 0x4000
  const low = isFar ? distance - 0x4000 : distance - 1
  if (isFar) block.push(...long(16 | ((low >> 14) << 3), length - 2, 7))
  else block.push(...long(32, length - 2, 31))
  block.push((low & 0x3f) << 2, (low >> 6) & 0xff)
  return block.length - 2
}

/** An instruction with its length, in bytes that follow where it has no room for it. */
function long(op: number, length: number, most: number): number[] {
  if (length <= most) return [op | length]
  const rest = length - most - 1
  return [op, ...new Array<number>(Math.floor(rest / 255)).fill(0), (rest % 255) + 1]
}

/** How far back a repetition may reach. */
const FARTHEST = 0xbfff

export const lzo1x = (bytes: Uint8Array): Uint8Array => lzo1xBlock(piecesOf(bytes, FARTHEST))
