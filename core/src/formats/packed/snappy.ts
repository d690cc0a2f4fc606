import { Damaged } from './decoder.ts'
import { copyWithin } from './history.ts'

/** The low two bits of an element's first byte. */
const LITERALS = 0
const NEAR = 1
const MIDDLE = 2
/** A length of literals that is in the bytes that follow: this many and one. */
const LONG_LITERALS = 60

/**
 * Decompresses a block of snappy that holds `bytes` bytes: not the framing format, which is for streams.
 *
 * @throws Damaged. Source: google/snappy format_description.txt.
 */
export function unsnappy(packed: Uint8Array, bytes: number): Uint8Array {
  let at = 0
  const little = (count: number): number => {
    if (count > packed.length - at) throw new Damaged('a block without its end')
    let value = 0
    for (let i = count - 1; i >= 0; i--) value = value * 256 + packed[at + i]!
    at += count
    return value
  }
  let announced = 0
  for (let scale = 1, more = true; more; scale *= 128) {
    const byte = little(1)
    announced += (byte & 0x7f) * scale
    more = byte >= 0x80
    if (announced > bytes) throw new Damaged(`more than ${bytes} bytes`)
    if (more && scale > 2 ** 27) throw new Damaged('a length without its end')
  }
  if (announced < bytes) throw new Damaged(`${announced} bytes of ${bytes}`)
  const contents = new Uint8Array(bytes)
  let made = 0
  while (at < packed.length) {
    const tag = packed[at++]!
    const kind = tag & 3
    const rest = tag >> 2
    const length = lengthOf(tag, () => little(rest - LONG_LITERALS + 1))
    if (length > bytes - made) throw new Damaged(`more than ${bytes} bytes`)
    if (kind === LITERALS) {
      if (length > packed.length - at) throw new Damaged('a block without its literals')
      contents.set(packed.subarray(at, at + length), made)
      at += length
    } else {
      const distance = kind === NEAR ? ((tag >> 5) << 8) + little(1) : little(kind === MIDDLE ? 2 : 4)
      if (distance === 0 || distance > made) throw new Damaged('a repetition of what lies before the block')
      copyWithin(contents, made, distance, length)
    }
    made += length
  }
  if (made < bytes) throw new Damaged(`${made} bytes of ${bytes}`)
  return contents
}

function lengthOf(tag: number, long: () => number): number {
  const rest = tag >> 2
  if ((tag & 3) === NEAR) return (rest & 7) + 4
  return (tag & 3) === LITERALS && rest >= LONG_LITERALS ? long() + 1 : rest + 1
}
