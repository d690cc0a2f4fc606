import { Damaged } from './decoder.ts'
import { type DeflateTable, deflateTable, distanceCodes, fixedLengths, lengthCodes } from './deflate-codes.ts'
import { copyWithin, type History } from './history.ts'

export const DEFLATE_WINDOW = 32 << 10
const BLOCK = { stored: 0, fixed: 1, dynamic: 2 } as const
export const LONGEST_MATCH = 258
const END_OF_BLOCK = 256
/** The descriptions of codes take at most 570 bytes. */
const LONGEST_HEADER = 600
/** A literal or a match takes at most 6 bytes, and the bit buffer holds 4. */
const LONGEST_CODE = 12
/** The order in which the lengths of the lengths' codes come. */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

/** Compressed bytes, a window of them; behind `end` lie 16 that mean nothing. */
export interface InflateInput {
  readonly bytes: Uint8Array
  at: number
  readonly end: number
  /** Nothing comes after this window. */
  readonly isLast: boolean
}

interface Lengths {
  readonly literals: Uint8Array
  readonly distances: Uint8Array
}

/** Where a stream of deflate is between two symbols, besides what it has decoded. */
export interface InflateState {
  readonly bits: number
  readonly count: number
  readonly isLastBlock: boolean
  /** Bytes of a stored block that are still to come. */
  readonly stored: number
  /** The codes of a block that is not stored. */
  readonly lengths: Lengths | undefined
}

/** Decompresses a stream of deflate, as far as input comes. Source: RFC 1951. */
export class Inflate {
  isDone = false
  #bits = 0
  #count = 0
  #isLastBlock = false
  #stored = 0
  #lengths: Lengths | undefined
  #literals: DeflateTable | undefined
  #distances: DeflateTable | undefined

  constructor(from?: InflateState) {
    if (from === undefined) return
    this.#bits = from.bits
    this.#count = from.count
    this.#isLastBlock = from.isLastBlock
    this.#stored = from.stored
    if (from.lengths !== undefined) this.#use(from.lengths)
  }

  get state(): InflateState {
    return {
      bits: this.#bits,
      count: this.#count,
      isLastBlock: this.#isLastBlock,
      stored: this.#stored,
      lengths: this.#lengths,
    }
  }

  /** Decodes about `most` bytes, a match more at most, into the history, which has room for them; stops before when it needs more input, or is done. @throws Damaged */
  run(input: InflateInput, history: History, most: number): void {
    const until = history.offset + most
    while (!this.isDone && history.offset < until) {
      if (this.#stored > 0) {
        if (!this.#copyStored(input, history, until)) return
      } else if (this.#lengths !== undefined) {
        if (!this.#symbols(input, history, until)) return
      } else if (this.#isLastBlock) this.#end(input)
      else if (input.isLast || input.end - input.at >= LONGEST_HEADER) this.#begin(input)
      else return
    }
  }

  #use(lengths: Lengths): void {
    this.#lengths = lengths
    this.#literals = deflateTable(lengths.literals)
    this.#distances = deflateTable(lengths.distances)
  }

  #begin(input: InflateInput): void {
    this.#isLastBlock = this.#take(input, 1) === 1
    const type = this.#take(input, 2)
    if (type === BLOCK.stored) this.#beginStored(input)
    else if (type === BLOCK.fixed) this.#use(fixedLengths)
    else if (type === BLOCK.dynamic) this.#use(this.#codes(input))
    else throw new Damaged('a block of a type that there is not')
  }

  #beginStored(input: InflateInput): void {
    this.#align(input)
    const [length, check] = [this.#take(input, 16), this.#take(input, 16)]
    if ((length ^ check) !== 0xffff) throw new Damaged('a stored block of two lengths')
    this.#align(input)
    this.#stored = length
  }

  #copyStored(input: InflateInput, history: History, until: number): boolean {
    const step = Math.min(this.#stored, input.end - input.at, until - history.offset)
    if (step <= 0) {
      if (input.isLast) throw new Damaged('the end of the file')
      return false
    }
    history.bytes.set(input.bytes.subarray(input.at, input.at + step), history.at)
    history.advance(step)
    input.at += step
    this.#stored -= step
    return true
  }

  #codes(input: InflateInput): Lengths {
    const [literals, distances, count] = [this.#take(input, 5) + 257, this.#take(input, 5) + 1, this.#take(input, 4) + 4]
    if (literals > 286 || distances > 30) throw new Damaged('more symbols than there are')
    const own = new Uint8Array(ORDER.length)
    for (let i = 0; i < count; i++) own[ORDER[i]!] = this.#take(input, 3)
    const table = deflateTable(own)
    const lengths = new Uint8Array(literals + distances)
    for (let at = 0; at < lengths.length; ) {
      const symbol = this.#symbol(input, table)
      if (symbol < 16) {
        lengths[at++] = symbol
        continue
      }
      const repeat =
        symbol === 16 ? 3 + this.#take(input, 2) : symbol === 17 ? 3 + this.#take(input, 3) : 11 + this.#take(input, 7)
      if ((symbol === 16 && at === 0) || at + repeat > lengths.length) throw new Damaged('lengths of more symbols than there are')
      lengths.fill(symbol === 16 ? lengths[at - 1]! : 0, at, at + repeat)
      at += repeat
    }
    if (lengths[END_OF_BLOCK] === 0) throw new Damaged('a block that cannot end')
    return { literals: lengths.subarray(0, literals), distances: lengths.subarray(literals) }
  }

  /** The bytes of the bit buffer go back; bits of a byte that was begun are dropped. */
  #align(input: InflateInput): void {
    input.at -= this.#count >> 3
    this.#bits = 0
    this.#count = 0
    if (input.at > input.end) throw new Damaged('the end of the file')
  }

  #end(input: InflateInput): void {
    this.#align(input)
    this.isDone = true
  }

  #fill(input: InflateInput): void {
    while (this.#count <= 24) {
      this.#bits |= (input.bytes[input.at++] ?? 0) << this.#count
      this.#count += 8
    }
    if (input.at - (this.#count >> 3) > input.end) throw new Damaged('the end of the file')
  }

  #take(input: InflateInput, width: number): number {
    if (this.#count < width) this.#fill(input)
    const value = this.#bits & ((1 << width) - 1)
    this.#bits >>>= width
    this.#count -= width
    return value
  }

  #symbol(input: InflateInput, { bits, entries }: DeflateTable): number {
    this.#fill(input)
    const entry = entries[this.#bits & ((1 << bits) - 1)]!
    if (entry === 0) throw new Damaged('a code that there is not')
    this.#bits >>>= entry & 15
    this.#count -= entry & 15
    return entry >> 4
  }

  /** Literals and matches until the block ends, enough is made or the input does not suffice, which answers false. */
  #symbols(input: InflateInput, history: History, until: number): boolean {
    const literals = this.#literals!
    const distances = this.#distances!
    const literalMask = (1 << literals.bits) - 1
    const distanceMask = (1 << distances.bits) - 1
    const { bytes, end, isLast } = input
    const safe = isLast ? Number.POSITIVE_INFINITY : end - LONGEST_CODE
    const into = history.bytes
    const first = history.at
    const limit = first + (until - history.offset)
    let { at: from } = input
    let bits = this.#bits
    let count = this.#count
    let at = first
    let isOpen = true
    while (at < limit && from <= safe) {
      // Bytes behind the end read as zeros; whether any was used shows below.
      while (count <= 24) {
        bits |= bytes[from++]! << count
        count += 8
      }
      const literal = literals.entries[bits & literalMask]!
      bits >>>= literal & 15
      count -= literal & 15
      const symbol = literal >> 4
      if (symbol < END_OF_BLOCK && literal !== 0) {
        into[at++] = symbol
        if (from - (count >> 3) > end) break
        continue
      }
      if (literal === 0 || symbol > 285) throw new Damaged('a code that there is not')
      if (symbol === END_OF_BLOCK) {
        isOpen = false
        break
      }
      const lengthWidth = lengthCodes.widths[symbol - 257]!
      const length = lengthCodes.bases[symbol - 257]! + (bits & ((1 << lengthWidth) - 1))
      bits >>>= lengthWidth
      count -= lengthWidth
      while (count <= 24) {
        bits |= bytes[from++]! << count
        count += 8
      }
      const entry = distances.entries[bits & distanceMask]!
      if (entry === 0 || entry >> 4 >= distanceCodes.bases.length) throw new Damaged('a distance that there is not')
      bits >>>= entry & 15
      count -= entry & 15
      const distanceWidth = distanceCodes.widths[entry >> 4]!
      while (count <= 24) {
        bits |= bytes[from++]! << count
        count += 8
      }
      const distance = distanceCodes.bases[entry >> 4]! + (bits & ((1 << distanceWidth) - 1))
      bits >>>= distanceWidth
      count -= distanceWidth
      if (distance > at) throw new Damaged('a match of what was never there')
      copyWithin(into, at, distance, length)
      at += length
      if (from - (count >> 3) > end) break
    }
    history.advance(at - first)
    this.#bits = bits
    this.#count = count
    input.at = from
    if (from - (count >> 3) > end) throw new Damaged('the end of the file')
    if (!isOpen) this.#lengths = undefined
    return !isOpen || at >= limit
  }
}
