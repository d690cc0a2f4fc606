import { Damaged } from './decoder.ts'

/**
 * A table that decodes one FSE code: for each state its symbol, and the bits that lead to the next state with what is added to them.
 * Source: RFC 8878, 4.1.
 */
export interface FseTable {
  readonly bits: number
  readonly symbols: Uint8Array
  readonly widths: Uint8Array
  readonly bases: Uint16Array
}

/** A table of one symbol, which takes no bits. */
export function fseOfOne(symbol: number): FseTable {
  return { bits: 0, symbols: Uint8Array.of(symbol), widths: new Uint8Array(1), bases: new Uint16Array(1) }
}

/** The table of a distribution; -1 is a probability below one state. */
export function fseTable(counts: ArrayLike<number>, bits: number): FseTable {
  const size = 1 << bits
  const symbols = new Uint8Array(size)
  const next = new Uint16Array(counts.length)
  let high = size
  for (let symbol = 0; symbol < counts.length; symbol++) {
    const count = counts[symbol]!
    if (count === -1) symbols[--high] = symbol
    next[symbol] = count === -1 ? 1 : count
  }
  const step = (size >> 1) + (size >> 3) + 3
  let place = 0
  for (let symbol = 0; symbol < counts.length; symbol++) {
    for (let i = 0; i < counts[symbol]!; i++) {
      symbols[place] = symbol
      do place = (place + step) & (size - 1)
      while (place >= high)
    }
  }
  const widths = new Uint8Array(size)
  const bases = new Uint16Array(size)
  for (let state = 0; state < size; state++) {
    const count = next[symbols[state]!]!++
    const width = bits - (31 - Math.clz32(count))
    widths[state] = width
    bases[state] = (count << width) - size
  }
  return { bits, symbols, widths, bases }
}

interface Read {
  readonly table: FseTable
  /** Behind the description. */
  readonly at: number
}

/** Reads a distribution that begins at `at` and ends before `end`. @throws Damaged */
export function readFseTable(bytes: Uint8Array, at: number, end: number, most: { bits: number; symbols: number }): Read {
  let position = at * 8
  const take = (width: number): number => {
    const byte = position >>> 3
    const word = bytes[byte]! | (bytes[byte + 1]! << 8) | (bytes[byte + 2]! << 16)
    const value = (word >>> (position & 7)) & ((1 << width) - 1)
    position += width
    if (position > end * 8) throw new Damaged('a distribution that goes on behind its block')
    return value
  }
  if (at >= end) throw new Damaged('a block without a distribution that it announces')
  const bits = take(4) + 5
  if (bits > most.bits) throw new Damaged(`a distribution over 2^${bits} states`)
  const counts: number[] = []
  let left = 1 << bits
  while (left > 0) {
    const width = 32 - Math.clz32(left + 1)
    let value = take(width)
    const low = (1 << (width - 1)) - 1
    const threshold = (1 << width) - 2 - left
    if ((value & low) < threshold) {
      value &= low
      position--
    } else if (value > low) value -= threshold
    const count = value - 1
    left -= Math.abs(count)
    counts.push(count)
    for (let zeros = 3; count === 0 && zeros === 3; ) {
      zeros = take(2)
      for (let i = 0; i < zeros; i++) counts.push(0)
    }
    if (left < 0 || counts.length > most.symbols) throw new Damaged('a distribution that does not add up')
  }
  return { table: fseTable(counts, bits), at: (position + 7) >>> 3 }
}
