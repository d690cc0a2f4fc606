import { type FseTable, fseTable } from './fse.ts'

/** One of the three codes of a sequence. Source: RFC 8878, 3.1.1.3.2. */
export interface SequenceCode {
  readonly name: string
  readonly most: { readonly bits: number; readonly symbols: number }
  readonly predefined: FseTable
}

/** What a code of a length stands for: the least value, and how many bits are added to it. */
export interface LengthCodes {
  readonly bases: Uint32Array
  readonly widths: Uint8Array
}

function lengthCodes(first: number, widths: readonly number[]): LengthCodes {
  let base = first
  const bases = widths.map((width) => {
    const own = base
    base += 2 ** width
    return own
  })
  return { bases: Uint32Array.from(bases), widths: Uint8Array.from(widths) }
}

const repeated = (count: number, value: number): number[] => new Array<number>(count).fill(value)

export const literalLengths = lengthCodes(0, [
  ...repeated(16, 0),
  1,
  1,
  1,
  1,
  2,
  2,
  3,
  3,
  4,
  6,
  7,
  8,
  9,
  10,
  11,
  12,
  13,
  14,
  15,
  16,
])
export const matchLengths = lengthCodes(3, [
  ...repeated(32, 0),
  ...[1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
])

const literalCounts = [4, 3, ...repeated(11, 2), 1, 1, 1, ...repeated(9, 2), 3, 2, 1, 1, 1, 1, 1, ...repeated(4, -1)]
const offsetCounts = [...repeated(6, 1), 2, 2, 2, ...repeated(15, 1), ...repeated(5, -1)]
const matchCounts = [1, 4, 3, ...repeated(6, 2), ...repeated(37, 1), ...repeated(7, -1)]

/** In the order in which a block has their tables. */
export const sequenceCodes: readonly [SequenceCode, SequenceCode, SequenceCode] = [
  { name: 'literal lengths', most: { bits: 9, symbols: 36 }, predefined: fseTable(literalCounts, 6) },
  { name: 'offsets', most: { bits: 8, symbols: 32 }, predefined: fseTable(offsetCounts, 5) },
  { name: 'match lengths', most: { bits: 9, symbols: 53 }, predefined: fseTable(matchCounts, 6) },
]
