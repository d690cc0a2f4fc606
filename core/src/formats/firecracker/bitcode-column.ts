import { FormatError } from '../format-error.ts'
import { readInteger } from './bincode.ts'
import { VALUES_MOST } from './limits.ts'

/** How many values of a column of bytes share one, and how many values each then may have, by the class of its packing. */
const PACKINGS = [
  { states: 256, perByte: 1 },
  { states: 16, perByte: 2 },
  { states: 6, perByte: 3 },
  { states: 4, perByte: 4 },
  { states: 3, perByte: 5 },
  { states: 2, perByte: 8 },
] as const
const BOOLEANS = PACKINGS[5]
/** Up to so many bytes go without a header. */
const BARE_BYTES = 2
/** Only longer columns are written as distances from their least value. */
const OFFSET_LEAST = 6
/** A length of this many or more follows in full behind the bytes. */
const LONG = 255

const UNSIGNED = { 2: 'u16', 4: 'u32', 8: 'u64' } as const
export type WideBytes = keyof typeof UNSIGNED

/** Reads columns one after the other. @source bitcode 0.6.9 src/pack.rs, src/pack_ints.rs, src/length.rs */
export class ColumnReader {
  at = 0
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #left = VALUES_MOST

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  booleans(count: number): Uint8Array {
    this.#claim(count)
    return this.#unpacked(count, BOOLEANS)
  }

  bytes(count: number): Uint8Array {
    this.#claim(count)
    if (count <= BARE_BYTES) return this.take(count)
    const { packing, hasOffset } = this.#header(PACKINGS.length, 'the packing of bytes')
    const least = hasOffset ? this.take(1)[0]! : 0
    const values = packing === 0 ? this.take(count) : this.#unpacked(count, PACKINGS[packing]!)
    return hasOffset ? values.map((value) => value + least) : values
  }

  /** Integers of `width` bytes; bigint where these are 8. */
  integers(count: number, width: WideBytes): readonly (number | bigint)[] {
    this.#claim(count)
    if (count === 0) return []
    if (width === 2 && count === 1) return this.#raw(count, width)
    const { packing, hasOffset } = this.#header(Math.log2(width) + 1, 'the packing of integers')
    const least = hasOffset ? this.#raw(1, width)[0]! : 0
    const packed = width >> packing
    const values = packed === 1 ? Array.from(this.bytes(count)) : this.#raw(count, packed as WideBytes)
    if (width === 8) return values.map((value) => BigInt.asUintN(64, BigInt(value) + BigInt(least)))
    return values.map((value) => (Number(value) + Number(least)) % 2 ** (8 * width))
  }

  /** Lengths of sequences or text, and their sum. */
  lengths(count: number): { readonly each: readonly number[]; readonly sum: number } {
    const start = this.at
    const short = this.bytes(count)
    const long = this.integers(short.filter((length) => length === LONG).length, 8)
    let taken = 0
    let sum = 0
    const each = Array.from(short, (length) => {
      const whole = length === LONG ? Number(long[taken++]) : length
      sum += whole
      if (sum > VALUES_MOST) throw new FormatError(start, `lengths of at most ${VALUES_MOST} together`, 'more')
      return whole
    })
    return { each, sum }
  }

  take(count: number): Uint8Array {
    const end = this.at + count
    if (end > this.#bytes.length) {
      throw new FormatError(this.at, `a column of ${count} bytes`, `${this.#bytes.length - this.at} and the end of the state`)
    }
    const taken = this.#bytes.subarray(this.at, end)
    this.at = end
    return taken
  }

  #claim(count: number): void {
    this.#left -= count
    if (this.#left < 0) throw new FormatError(this.at, `at most ${VALUES_MOST} values`, 'more')
  }

  #header(packings: number, what: string): { readonly packing: number; readonly hasOffset: boolean } {
    const header = this.take(1)[0]!
    const packing = (header + 1) >> 1
    const hasOffset = (header & 1) === 1
    if (packing >= packings) throw new FormatError(this.at - 1, what, `${header}`)
    return { packing, hasOffset }
  }

  #raw(count: number, width: WideBytes): (number | bigint)[] {
    const start = this.at
    this.take(count * width)
    return Array.from({ length: count }, (_, i) => readInteger(this.#view, start + i * width, UNSIGNED[width]))
  }

  #unpacked(count: number, { states, perByte }: { readonly states: number; readonly perByte: number }): Uint8Array {
    const packed = this.take(Math.ceil(count / perByte))
    const values = new Uint8Array(count)
    for (let i = 0, left = 0; i < count; i++) {
      if (i % perByte === 0) left = packed[i / perByte]!
      values[i] = left % states
      left = Math.floor(left / states)
    }
    return values
  }
}

/** Writes columns as the crate does: with the packing that it would choose. */
export class ColumnWriter {
  readonly out: number[] = []

  booleans(values: readonly number[]): void {
    this.#packed(values, BOOLEANS)
  }

  /** `signed`: the values are two's complement, and compare so. */
  bytes(values: readonly number[], signed = false): void {
    if (values.length <= BARE_BYTES) {
      this.raw(values)
      return
    }
    const { packing, least } = chosen(values.map(BigInt), 1, signed, bytePacking)
    this.out.push(header(packing, least))
    if (least !== undefined) this.out.push(Number(least))
    const distances = values.map((value) => (value - Number(least ?? 0n)) & 0xff)
    if (packing === 0) this.raw(distances)
    else this.#packed(distances, PACKINGS[packing]!)
  }

  integers(values: readonly bigint[], width: WideBytes, signed = false): void {
    if (values.length === 0) return
    if (width === 2 && values.length === 1) {
      this.#wide(values, width)
      return
    }
    const { packing, least } = chosen(values, width, signed, (most) => integerPacking(most, width))
    this.out.push(header(packing, least))
    if (least !== undefined) this.#wide([least], width)
    const distances = values.map((value) => BigInt.asUintN(8 * width, value - (least ?? 0n)))
    if (width >> packing === 1) this.bytes(distances.map(Number))
    else this.#wide(distances, width >> packing)
  }

  lengths(lengths: readonly number[]): void {
    this.bytes(lengths.map((length) => Math.min(length, LONG)))
    this.integers(lengths.filter((length) => length >= LONG).map(BigInt), 8)
  }

  raw(bytes: Iterable<number>): void {
    for (const byte of bytes) this.out.push(byte)
  }

  #wide(values: readonly bigint[], width: number): void {
    for (const value of values) {
      for (let i = 0; i < width; i++) this.out.push(Number((value >> BigInt(8 * i)) & 0xffn))
    }
  }

  #packed(values: readonly number[], { states, perByte }: { readonly states: number; readonly perByte: number }): void {
    for (let first = 0; first < values.length; first += perByte) {
      const together = values.slice(first, first + perByte)
      this.out.push(together.reduceRight((packed, value) => packed * states + value, 0))
    }
  }
}

const header = (packing: number, least: bigint | undefined): number => 2 * packing - (least === undefined ? 0 : 1)

/** The class that packs most among those that hold values up to `most`. */
const bytePacking = (most: bigint): number => PACKINGS.findLastIndex(({ states }) => most < states)

/** How often the width can be halved. */
function integerPacking(most: bigint, width: number): number {
  let packing = 0
  while (width >> (packing + 1) >= 1 && most < 1n << BigInt(8 * (width >> (packing + 1)))) packing++
  return packing
}

/** How the crate packs: plainly, or where that gains, a long column as distances from its least value. */
function chosen(
  values: readonly bigint[],
  width: number,
  signed: boolean,
  packingOf: (most: bigint) => number,
): { readonly packing: number; readonly least?: bigint } {
  const bits = 8 * width
  const compared = signed ? values.map((value) => BigInt.asIntN(bits, value)) : values
  let [least, most] = [compared[0]!, compared[0]!]
  for (const value of compared) {
    if (value < least) least = value
    if (value > most) most = value
  }
  const distances = packingOf(BigInt.asUintN(bits, most - least))
  const plain = least < 0n ? 0 : packingOf(most)
  const gains = distances > plain && values.length >= OFFSET_LEAST
  return gains ? { packing: distances, least: BigInt.asUintN(bits, least) } : { packing: plain }
}
