import { Damaged } from './decoder.ts'

/** How many bits there are in `bytes` from `start` up to `end`, before the one that marks the end. @throws Damaged */
export function bitsBefore(bytes: Uint8Array, start: number, end: number): number {
  const last = end > start ? bytes[end - 1]! : 0
  if (last === 0) throw new Damaged('a bit stream without its end')
  return (end - start) * 8 - Math.clz32(last) + 23
}

/** The `width` bits, at most 25, that end before bit `position` of what begins at `start`; those before the beginning are zeros. */
export function bitsEndingAt(bytes: Uint8Array, start: number, position: number, width: number): number {
  let low = position - width
  let missing = 0
  if (low < 0) {
    missing = Math.min(-low, width)
    low = 0
  }
  const byte = start + (low >>> 3)
  const word = bytes[byte]! | (bytes[byte + 1]! << 8) | (bytes[byte + 2]! << 16) | (bytes[byte + 3]! << 24)
  return ((word >>> (low & 7)) & ((1 << (width - missing)) - 1)) << missing
}
