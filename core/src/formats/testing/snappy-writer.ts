import { joinedBytes } from './packed-files.ts'
import { type Piece, piecesOf } from './repetitions.ts'

/** How far back a repetition may reach whose distance has two bytes. */
const FARTHEST = 0xffff
const LONGEST = 64

/** A block of snappy of these pieces; a repetition takes the shortest element that there is for it. */
export function snappyBlock(pieces: readonly Piece[]): Uint8Array {
  const bytes = pieces.reduce((sum, piece) => sum + ('literals' in piece ? piece.literals.length : piece.length), 0)
  return joinedBytes(
    varint(bytes),
    ...pieces.flatMap((piece) => ('literals' in piece ? literals(piece.literals) : repeats(piece))),
  )
}

export const snappy = (bytes: Uint8Array): Uint8Array => snappyBlock(piecesOf(bytes, FARTHEST))

const varint = (value: number): Uint8Array =>
  value < 0x80 ? Uint8Array.of(value) : joinedBytes(Uint8Array.of((value & 0x7f) | 0x80), varint(value >>> 7))

function little(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, i) => Math.floor(value / 2 ** (8 * i)) & 0xff)
}

function literals(bytes: Uint8Array): Uint8Array[] {
  const rest = bytes.length - 1
  const more = rest < 60 ? 0 : rest < 0x100 ? 1 : rest < 0x1_0000 ? 2 : 3
  return [Uint8Array.of((more === 0 ? rest : 59 + more) << 2, ...little(rest, more)), bytes]
}

function repeats({ distance, length }: { distance: number; length: number }): Uint8Array[] {
  if (length > LONGEST) return [...repeats({ distance, length: LONGEST }), ...repeats({ distance, length: length - LONGEST })]
  if (length >= 4 && length < 12 && distance < 0x800) {
    return [Uint8Array.of(1 | ((length - 4) << 2) | ((distance >> 8) << 5), distance & 0xff)]
  }
  const far = distance > FARTHEST
  return [Uint8Array.of((far ? 3 : 2) | ((length - 1) << 2), ...little(distance, far ? 4 : 2))]
}
