import { Damaged } from './decoder.ts'
import { copyWithin } from './history.ts'

/** What the byte of an instruction is at least, by what it repeats; below are literals, or what is short and near. */
const REPEAT = { far: 16, middle: 32, near: 64 } as const
/** The first byte tells of literals above this. */
const FIRST_LITERALS = 17
/** Behind literals that have an instruction of their own, what is short lies at least this far back. */
const NEAREST_OF_THREE = 0x801
const NEAREST_OF_FAR = 0x4000
const END_LENGTH = 3

/** What an instruction below 16 means depends on how many literals were before it. */
const MANY = 4

/**
 * Decompresses a block of LZO1X, by whatever level it was made, that holds `bytes` bytes.
 *
 * @throws Damaged. Source: Linux Documentation/staging/lzo.rst, without the run-length encoding that only Linux has.
 */
export function unlzo1x(packed: Uint8Array, bytes: number): Uint8Array {
  const contents = new Uint8Array(bytes)
  const end = packed.length
  let at = 0
  let made = 0

  const byte = (): number => {
    if (at >= end) throw new Damaged('a block without its end')
    return packed[at++]!
  }
  /** A length that is 0 in `bits` goes on in the bytes that follow. */
  const long = (bits: number, most: number): number => {
    if (bits !== 0) return bits
    let length = most
    for (;;) {
      const more = byte()
      if (more !== 0) return length + more
      length += 255
    }
  }
  const literals = (count: number): void => {
    if (count > end - at) throw new Damaged('a block without its literals')
    if (count > bytes - made) throw tooMuch()
    contents.set(packed.subarray(at, at + count), made)
    at += count
    made += count
  }
  const repeat = (distance: number, length: number): void => {
    if (distance > made) throw new Damaged('a repetition of what lies before the block')
    if (length > bytes - made) throw tooMuch()
    copyWithin(contents, made, distance, length)
    made += length
  }
  const tooMuch = () => new Damaged(`more than ${bytes} bytes`)

  let before = 0
  if (end > 0 && packed[0]! > FIRST_LITERALS) {
    const count = byte() - FIRST_LITERALS
    literals(count)
    before = Math.min(count, MANY)
  }
  for (;;) {
    const op = byte()
    let low = op
    if (op >= REPEAT.near) repeat(((op >> 2) & 7) + (byte() << 3) + 1, (op >> 5) + 1)
    else if (op >= REPEAT.far) {
      const isFar = op < REPEAT.middle
      const length = (isFar ? long(op & 7, 7) : long(op & 31, 31)) + 2
      low = byte()
      const distance = (low >> 2) + (byte() << 6) + (isFar ? (op & 8) << 11 : 1)
      if (isFar && distance === 0) {
        if (length !== END_LENGTH || at !== end) throw new Damaged('an end of a block where it does not end')
        if (made !== bytes) throw new Damaged(`${made} bytes of ${bytes}`)
        return contents
      }
      repeat(distance + (isFar ? NEAREST_OF_FAR : 0), length)
    } else if (before === 0) {
      literals(long(op, 15) + 3)
      before = MANY
      continue
    } else if (before === MANY) repeat((op >> 2) + (byte() << 2) + NEAREST_OF_THREE, 3)
    else repeat((op >> 2) + (byte() << 2) + 1, 2)
    before = low & 3
    literals(before)
  }
}
