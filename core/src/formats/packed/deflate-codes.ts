import { Damaged } from './decoder.ts'

const LONGEST = 15
const LENGTH_BITS = 4

/**
 * The codes of one alphabet: entry n is what the next bits of value n say, 16 times the symbol and the length of its code, and 0 for
 * what is no code. Codes lie in it with their first bit lowest.
 */
export interface DeflateTable {
  readonly bits: number
  readonly entries: Uint16Array
}

/**
 * The table of a code by the lengths of its symbols.
 *
 * @throws Damaged for lengths that make no code. Source: RFC 1951, 3.2.2.
 */
export function deflateTable(lengths: Uint8Array): DeflateTable {
  const counts = new Uint16Array(LONGEST + 1)
  for (const length of lengths) counts[length]!++
  counts[0] = 0
  let bits = LONGEST
  while (bits > 1 && counts[bits] === 0) bits--
  const next = new Uint16Array(LONGEST + 2)
  let [code, left] = [0, 1]
  for (let length = 1; length <= LONGEST; length++) {
    next[length] = code
    code = (code + counts[length]!) << 1
    left = left * 2 - counts[length]!
    if (left < 0) throw new Damaged('more codes than there are')
  }
  // One code alone has a bit, and nothing has the other value of it; a block without distances has no code at all.
  const used = counts.reduce((sum, count) => sum + count, 0)
  if (left > 0 && used > 1) throw new Damaged('fewer codes than there are')
  const entries = new Uint16Array(1 << bits)
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol]!
    if (length === 0) continue
    let reversed = 0
    for (let i = 0, own = next[length]!++; i < length; i++, own >>= 1) reversed = (reversed << 1) | (own & 1)
    const entry = (symbol << LENGTH_BITS) | length
    for (let at = reversed; at < entries.length; at += 1 << length) entries[at] = entry
  }
  return { bits, entries }
}

/** The lengths of codes that a block may use without telling them. Source: RFC 1951, 3.2.6. */
export const fixedLengths = {
  literals: Uint8Array.from({ length: 288 }, (_, symbol) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8)),
  distances: new Uint8Array(32).fill(5),
}

function bases(first: number, widths: readonly number[]): Uint16Array {
  let base = first
  return Uint16Array.from(widths, (width) => {
    const own = base
    base += 2 ** width
    return own
  })
}

const lengthWidths = Array.from({ length: 28 }, (_, i) => Math.max(0, (i >> 2) - 1))
const distanceWidths = Array.from({ length: 30 }, (_, i) => Math.max(0, (i >> 1) - 1))

/** What the symbols of lengths, from 257 on, stand for: the last has a length that the one before could tell too. */
export const lengthCodes = {
  bases: Uint16Array.from([...bases(3, lengthWidths), 258]),
  widths: Uint8Array.from([...lengthWidths, 0]),
}
export const distanceCodes = { bases: bases(1, distanceWidths), widths: Uint8Array.from(distanceWidths) }
