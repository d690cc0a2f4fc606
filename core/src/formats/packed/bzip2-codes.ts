import type { BitsForward } from './bits-forward.ts'
import { Damaged } from './decoder.ts'

const LONGEST = 20
/** Codes up to this length are looked up at once. */
const SHORT = 10

/** A Huffman code of a bzip2 block: shorter codes are told by a table, longer ones by where the codes of each length end. */
export interface Bzip2Code {
  /** By the next 10 bits: 32 times the symbol and the length of its code, 0 where it is longer or there is none. */
  readonly short: Uint16Array
  /** Behind the last code of each length, as 20 bits. */
  readonly ends: Uint32Array
  /** What is to be added to a code of each length for its place in `symbols`. */
  readonly places: Int32Array
  /** In the order of their codes. */
  readonly symbols: Uint16Array
}

/** The code by the lengths of its symbols, 1 to 20 each. @throws Damaged for lengths that make no code. */
export function bzip2Code(lengths: Uint8Array): Bzip2Code {
  const counts = new Uint32Array(LONGEST + 1)
  for (const length of lengths) counts[length]!++
  const [short, symbols] = [new Uint16Array(1 << SHORT), new Uint16Array(lengths.length)]
  const [ends, places] = [new Uint32Array(LONGEST + 1), new Int32Array(LONGEST + 1)]
  let [code, place] = [0, 0]
  for (let length = 1; length <= LONGEST; length++) {
    code <<= 1
    places[length] = place - code
    for (let symbol = 0; counts[length]! > 0 && symbol < lengths.length; symbol++) {
      if (lengths[symbol] !== length) continue
      symbols[place++] = symbol
      if (length <= SHORT) short.fill(symbol * 32 + length, code << (SHORT - length), (code + 1) << (SHORT - length))
      code++
    }
    if (code > 2 ** length) throw new Damaged('more codes than there are')
    ends[length] = code * 2 ** (LONGEST - length)
  }
  return { short, ends, places, symbols }
}

/** The symbol that the next bits are the code of. @throws Damaged */
export function bzip2Symbol(bits: BitsForward, { short, ends, places, symbols }: Bzip2Code): number {
  const next = bits.next20()
  const entry = short[next >>> (LONGEST - SHORT)]!
  if (entry !== 0) {
    bits.skip(entry & 31)
    return entry >>> 5
  }
  for (let length = SHORT + 1; length <= LONGEST; length++) {
    if (next >= ends[length]!) continue
    bits.skip(length)
    return symbols[(next >>> (LONGEST - length)) + places[length]!]!
  }
  throw new Damaged('a code that there is not')
}
