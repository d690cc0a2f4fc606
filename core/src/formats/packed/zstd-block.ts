import { bitsBefore, bitsEndingAt } from './bits-backwards.ts'
import { Damaged } from './decoder.ts'
import { type FseTable, fseOfOne, readFseTable } from './fse.ts'
import { copyWithin, type History } from './history.ts'
import { literalLengths, matchLengths, type SequenceCode, sequenceCodes } from './zstd-codes.ts'
import { type Literals, readLiterals } from './zstd-literals.ts'
import { type BlockState, LARGEST_BLOCK } from './zstd-state.ts'

const MODE = { predefined: 0, rle: 1, coded: 2, repeated: 3 } as const

/** A compressed block, and how far back it may reach. */
export interface Block {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
  /** What the frame has held so far, or its window if that is less. */
  readonly reach: number
}

/**
 * Decodes a compressed block into the history, which has room for the largest, and answers what it leaves to the next.
 *
 * @throws Damaged. Source: RFC 8878, 3.1.1.3.
 */
export function decodeBlock(block: Block, history: History, state: BlockState): BlockState {
  const { bytes, start, end } = block
  const literals = readLiterals(bytes, start, end, state.huffman)
  let { at } = literals
  if (at >= end) throw new Damaged('a block without sequences')
  let count = bytes[at++]!
  if (count === 255) {
    count = bytes[at]! + (bytes[at + 1]! << 8) + 0x7f00
    at += 2
  } else if (count >= 128) count = ((count - 128) << 8) + bytes[at++]!
  if (count === 0) {
    if (at !== end) throw new Damaged('a block with more than its literals')
    if (literals.count > LARGEST_BLOCK) throw new Damaged('a block of more than 128 KiB')
    history.bytes.set(literals.bytes.subarray(0, literals.count), history.at)
    history.advance(literals.count)
    return { ...state, huffman: literals.huffman }
  }
  const modes = bytes[at++]!
  if ((modes & 3) !== 0) throw new Damaged('a block of a version to come')
  const tables = sequenceCodes.map((code, i) => {
    const read = readTable(code, (modes >> (6 - 2 * i)) & 3, { bytes, at, end }, state.tables[i])
    at = read.at
    return read.table
  }) as [FseTable, FseTable, FseTable]
  if (at >= end) throw new Damaged('a block without its sequences')
  const distances: [number, number, number] = [...state.distances]
  runSequences({ bytes, start: at, end, reach: block.reach }, { count, literals, tables, distances }, history)
  return { huffman: literals.huffman, tables, distances }
}

interface Place {
  readonly bytes: Uint8Array
  readonly at: number
  readonly end: number
}

function readTable(
  { name, most, predefined }: SequenceCode,
  mode: number,
  { bytes, at, end }: Place,
  before: FseTable | undefined,
): { readonly table: FseTable; readonly at: number } {
  switch (mode) {
    case MODE.predefined:
      return { table: predefined, at }
    case MODE.rle: {
      const symbol = bytes[at]!
      if (at >= end || symbol >= most.symbols) throw new Damaged(`a code of ${name} that there is not`)
      return { table: fseOfOne(symbol), at: at + 1 }
    }
    case MODE.coded:
      return readFseTable(bytes, at, end, most)
    default:
      if (before === undefined) throw new Damaged(`${name} in the code of a block before the first`)
      return { table: before, at }
  }
}

interface Sequences {
  readonly count: number
  readonly literals: Literals
  readonly tables: readonly [FseTable, FseTable, FseTable]
  /** Changed as the sequences change them. */
  readonly distances: [number, number, number]
}

/** Each sequence copies some literals, and then repeats what lies some way back. */
function runSequences({ bytes, start, end, reach }: Block, sequences: Sequences, history: History): void {
  const { count, literals, tables, distances } = sequences
  const [literalTable, offsetTable, matchTable] = tables
  const source = literals.bytes
  const into = history.bytes
  const first = history.at
  const limit = first + LARGEST_BLOCK
  let position = bitsBefore(bytes, start, end)
  const take = (width: number): number => {
    const value = bitsEndingAt(bytes, start, position, width)
    position -= width
    return value
  }
  let literalState = take(literalTable.bits)
  let offsetState = take(offsetTable.bits)
  let matchState = take(matchTable.bits)
  let [newest, second, third] = distances
  let literal = 0
  let at = first
  for (let left = count; left > 0; left--) {
    const offsetCode = offsetTable.symbols[offsetState]!
    // Up to 31 bits, of which 25 are to be had at once.
    const coarse = offsetCode > 16 ? offsetCode - 16 : 0
    const high = coarse > 0 ? take(coarse) : 0
    const offset = 2 ** offsetCode + high * 2 ** (offsetCode - coarse) + take(offsetCode - coarse)
    const matchCode = matchTable.symbols[matchState]!
    const matchLength = matchLengths.bases[matchCode]! + take(matchLengths.widths[matchCode]!)
    const literalCode = literalTable.symbols[literalState]!
    const literalLength = literalLengths.bases[literalCode]! + take(literalLengths.widths[literalCode]!)
    if (left > 1) {
      literalState = literalTable.bases[literalState]! + take(literalTable.widths[literalState]!)
      matchState = matchTable.bases[matchState]! + take(matchTable.widths[matchState]!)
      offsetState = offsetTable.bases[offsetState]! + take(offsetTable.widths[offsetState]!)
    }
    let distance: number
    if (offset > 3) {
      distance = offset - 3
      third = second
      second = newest
      newest = distance
    } else {
      const which = literalLength === 0 ? offset + 1 : offset
      distance = which === 1 ? newest : which === 2 ? second : which === 3 ? third : newest - 1
      if (which > 2) third = second
      if (which > 1) {
        second = newest
        newest = distance
      }
    }
    if (literal + literalLength > literals.count || at + literalLength + matchLength > limit)
      throw new Damaged('sequences of more than their block can hold')
    if (literalLength <= 24) for (let i = 0; i < literalLength; i++) into[at + i] = source[literal + i]!
    else into.set(source.subarray(literal, literal + literalLength), at)
    literal += literalLength
    at += literalLength
    if (distance < 1 || distance > reach + (at - first)) throw new Damaged('a sequence that repeats what was never there')
    copyWithin(into, at, distance, matchLength)
    at += matchLength
  }
  if (position !== 0) throw new Damaged('sequences that do not fill their bit stream')
  const rest = literals.count - literal
  if (at + rest > limit) throw new Damaged('sequences of more than their block can hold')
  into.set(source.subarray(literal, literals.count), at)
  history.advance(at + rest - first)
  distances.splice(0, 3, newest, second, third)
}
