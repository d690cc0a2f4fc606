import { bitsBefore, bitsEndingAt } from './bits-backwards.ts'
import { Damaged } from './decoder.ts'
import { readFseTable } from './fse.ts'

const LONGEST_CODE = 11
const MOST_SYMBOLS = 256

/** Decodes a literal by the next `bits` bits: entry n is its symbol, and 256 times the length of its code. */
export interface HuffmanTable {
  readonly bits: number
  readonly entries: Uint16Array
}

/**
 * Reads the description of a Huffman code that lies at `at`: the weights of its symbols, themselves FSE-coded or four bits each.
 *
 * @throws Damaged. Source: RFC 8878, 4.2.1.
 */
export function readHuffmanTable(
  bytes: Uint8Array,
  at: number,
  end: number,
): { readonly table: HuffmanTable; readonly at: number } {
  const header = bytes[at]!
  const direct = header >= 128
  const start = at + 1
  const behind = start + (direct ? (header - 126) >>> 1 : header)
  if (at >= end || behind > end) throw new Damaged('a Huffman code that goes on behind its block')
  const weights = direct
    ? Array.from({ length: header - 127 }, (_, i) =>
        i % 2 === 0 ? bytes[start + i / 2]! >>> 4 : bytes[start + (i - 1) / 2]! & 0xf,
      )
    : codedWeights(bytes, start, behind)
  return { table: huffmanTable(weights), at: behind }
}

function codedWeights(bytes: Uint8Array, at: number, end: number): number[] {
  const { table, at: start } = readFseTable(bytes, at, end, { bits: 6, symbols: 13 })
  const { bits, symbols, widths, bases } = table
  let position = bitsBefore(bytes, start, end)
  const take = (width: number): number => {
    const value = bitsEndingAt(bytes, start, position, width)
    position -= width
    return value
  }
  // Two states take turns; the first that finds no bits is the last, and the other one has a symbol still.
  let [state, other] = [take(bits), take(bits)]
  if (position < 0) throw new Damaged('weights of a Huffman code without their states')
  const weights: number[] = []
  while (weights.length < MOST_SYMBOLS) {
    weights.push(symbols[state]!)
    const next = bases[state]! + take(widths[state]!)
    if (position < 0) {
      weights.push(symbols[other]!)
      return weights
    }
    state = other
    other = next
  }
  throw new Damaged('more weights than there are symbols')
}

/** A symbol of weight w has a code of bits + 1 - w bits; the last symbol has what is left of the codes. */
function huffmanTable(weights: number[]): HuffmanTable {
  const sum = weights.reduce((total, weight) => total + (weight === 0 ? 0 : 2 ** (weight - 1)), 0)
  const bits = sum === 0 ? 0 : 32 - Math.clz32(sum)
  const last = 2 ** bits - sum
  if (bits === 0 || bits > LONGEST_CODE || (last & (last - 1)) !== 0 || weights.length >= MOST_SYMBOLS)
    throw new Damaged('weights that make no Huffman code')
  weights.push(32 - Math.clz32(last))
  const entries = new Uint16Array(1 << bits)
  let place = 0
  for (let weight = 1; weight <= bits; weight++) {
    weights.forEach((own, symbol) => {
      if (own !== weight) return
      const until = place + 2 ** (weight - 1)
      entries.fill(symbol | ((bits + 1 - weight) << 8), place, until)
      place = until
    })
  }
  return { bits, entries }
}

/** Decodes a whole bit stream into `count` symbols. @throws Damaged when it holds more or fewer. */
export function decodeHuffman(
  { bits, entries }: HuffmanTable,
  bytes: Uint8Array,
  { start, end }: { readonly start: number; readonly end: number },
  literals: Uint8Array,
  at: number,
  count: number,
): void {
  let position = bitsBefore(bytes, start, end)
  const until = at + count
  const mask = (1 << bits) - 1
  // Three bytes hold the longest code wherever it begins.
  while (at < until && position >= bits) {
    const low = position - bits
    const byte = start + (low >>> 3)
    const word = bytes[byte]! | (bytes[byte + 1]! << 8) | (bytes[byte + 2]! << 16)
    const entry = entries[(word >>> (low & 7)) & mask]!
    literals[at++] = entry & 0xff
    position -= entry >>> 8
  }
  while (at < until && position > 0) {
    const entry = entries[bitsEndingAt(bytes, start, position, bits)]!
    literals[at++] = entry & 0xff
    position -= entry >>> 8
  }
  if (at !== until || position !== 0) throw new Damaged('literals that do not fill their bit stream')
}
