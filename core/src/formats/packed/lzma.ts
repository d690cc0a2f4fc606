import { Damaged } from './decoder.ts'
import { copyWithin, type History } from './history.ts'

/** Of every symbol: after a literal, fewer than 7, after a match more. */
const STATES = 12
const FIRST_AFTER_MATCH = 7
const POSITIONS = 16
/** Probabilities are of 2048, and move by a 32nd of what is left. */
const EVEN = 1024
const LENGTH_CODER = 2 + 2 * POSITIONS * 8 + 256
const LITERAL_CODER = 0x300
const SHORTEST_MATCH = 2
const ALIGN_BITS = 4
const FIRST_DIRECT_SLOT = 14
const LENGTH_CLASSES = 4
const LEAST_BYTES = 5

/** Where each sort of probabilities lies. */
const AT = (() => {
  let next = 0
  const take = (count: number) => {
    next += count
    return next - count
  }
  return {
    match: take(STATES * POSITIONS),
    repeat: take(STATES),
    repeat0: take(STATES),
    repeat1: take(STATES),
    repeat2: take(STATES),
    longRepeat0: take(STATES * POSITIONS),
    slots: take(LENGTH_CLASSES * 64),
    distances: take(128),
    align: take(1 << ALIGN_BITS),
    lengths: take(LENGTH_CODER),
    repeatLengths: take(LENGTH_CODER),
    literals: take(0),
  }
})()

/** The numbers that decide what a literal depends on: bits of the byte before it, bits of its position; and of all other symbols. */
export interface LzmaProperties {
  readonly lc: number
  readonly lp: number
  readonly pb: number
}

/** What the symbols so far leave to the next ones. */
export interface LzmaState {
  readonly properties: LzmaProperties
  readonly probabilities: Uint16Array
  readonly state: number
  /** The last four distances, less one. */
  readonly distances: readonly [number, number, number, number]
}

/** A piece of range-coded bytes, and what comes of it. */
export interface LzmaChunk {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
  /** Bytes that it decodes to. */
  readonly length: number
  /** Bytes before it since the dictionary was begun, and how many of them it may repeat. */
  readonly position: number
  readonly dictionary: number
}

/**
 * Decodes LZMA, one chunk of LZMA2 at a time.
 *
 * Source: the LZMA specification of the LZMA SDK (lzma-specification.txt).
 */
export class Lzma {
  readonly properties: LzmaProperties
  readonly #probabilities: Uint16Array
  #state = 0
  #distances: [number, number, number, number] = [0, 0, 0, 0]
  #bytes: Uint8Array = new Uint8Array(0)
  #at = 0
  /** Both are u32, kept as i32. */
  #range = 0
  #code = 0

  /** A state that nothing has gone through, or that of a mark. */
  constructor(properties: LzmaProperties, from?: LzmaState) {
    this.properties = properties
    this.#probabilities = from?.probabilities.slice() ?? fresh(properties)
    if (from === undefined) return
    this.#state = from.state
    this.#distances = [...from.distances]
  }

  get state(): LzmaState {
    const { properties } = this
    return { properties, probabilities: this.#probabilities.slice(), state: this.#state, distances: [...this.#distances] }
  }

  /** Decodes a chunk into the history, which has room for it. @throws Damaged */
  run(chunk: LzmaChunk, history: History): void {
    if (chunk.end - chunk.start < LEAST_BYTES || chunk.bytes[chunk.start] !== 0) throw new Damaged('a chunk that does not begin')
    this.#bytes = chunk.bytes
    this.#at = chunk.start + 1
    this.#range = -1
    this.#code = 0
    for (let i = 0; i < 4; i++) this.#code = (this.#code << 8) | this.#bytes[this.#at++]!
    this.#symbols(chunk, history)
    if (this.#code !== 0 || this.#at !== chunk.end) throw new Damaged('a chunk that does not end where it should')
  }

  #symbols({ end, length, position, dictionary }: LzmaChunk, history: History): void {
    const { lc, lp, pb } = this.properties
    const [positionMask, literalMask] = [(1 << pb) - 1, (1 << lp) - 1]
    const into = history.bytes
    const first = history.at
    const limit = first + length
    let [d0, d1, d2, d3] = this.#distances
    let state = this.#state
    let at = first
    while (at < limit) {
      if (this.#at > end) throw new Damaged('a chunk that ends too early')
      const before = position + at - first
      const place = before & positionMask
      if (this.#bit(AT.match + state * POSITIONS + place) === 0) {
        const last = before === 0 ? 0 : into[at - 1]!
        const coder = AT.literals + LITERAL_CODER * (((before & literalMask) << lc) + (last >>> (8 - lc)))
        into[at] = state < FIRST_AFTER_MATCH ? this.#tree(coder, 8) : this.#matchedLiteral(coder, into[at - d0 - 1]!)
        at++
        state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6
        continue
      }
      let lengthCoder: number
      if (this.#bit(AT.repeat + state) === 0) {
        d3 = d2
        d2 = d1
        d1 = d0
        d0 = -1
        lengthCoder = AT.lengths
      } else {
        lengthCoder = AT.repeatLengths
        if (this.#bit(AT.repeat0 + state) === 0) {
          if (this.#bit(AT.longRepeat0 + state * POSITIONS + place) === 0) {
            if (d0 >= Math.min(before, dictionary)) throw new Damaged('a match of what was never there')
            into[at] = into[at - d0 - 1]!
            at++
            state = state < FIRST_AFTER_MATCH ? 9 : 11
            continue
          }
        } else {
          let distance = d1
          if (this.#bit(AT.repeat1 + state) === 1) {
            distance = d2
            if (this.#bit(AT.repeat2 + state) === 1) {
              distance = d3
              d3 = d2
            }
            d2 = d1
          }
          d1 = d0
          d0 = distance
        }
      }
      const bytes = this.#length(lengthCoder, place)
      if (lengthCoder === AT.lengths) {
        d0 = this.#distance(bytes)
        state = state < FIRST_AFTER_MATCH ? 7 : 10
      } else state = state < FIRST_AFTER_MATCH ? 8 : 11
      if (d0 >= Math.min(before, dictionary)) throw new Damaged('a match of what was never there')
      if (at + bytes > limit) throw new Damaged('a match that goes on behind its chunk')
      copyWithin(into, at, d0 + 1, bytes)
      at += bytes
    }
    history.advance(length)
    this.#state = state
    this.#distances = [d0, d1, d2, d3]
  }

  /** One bit, of which `index` keeps how probable it is. */
  #bit(index: number): 0 | 1 {
    const probability = this.#probabilities[index]!
    const bound = Math.imul(this.#range >>> 11, probability)
    if (this.#code >>> 0 < bound >>> 0) {
      this.#range = bound
      this.#probabilities[index] = probability + ((2048 - probability) >> 5)
      if (bound >>> 24 === 0) this.#normalize()
      return 0
    }
    this.#range = (this.#range - bound) | 0
    this.#code = (this.#code - bound) | 0
    this.#probabilities[index] = probability - (probability >> 5)
    if (this.#range >>> 24 === 0) this.#normalize()
    return 1
  }

  #normalize(): void {
    this.#range <<= 8
    this.#code = (this.#code << 8) | (this.#bytes[this.#at++] ?? 0)
  }

  /** A value of `width` bits, the highest first. */
  #tree(coder: number, width: number): number {
    let node = 1
    for (let i = 0; i < width; i++) node = (node << 1) | this.#bit(coder + node)
    return node - (1 << width)
  }

  /** A value of `width` bits, the lowest first. */
  #reverseTree(coder: number, width: number): number {
    let [node, value] = [1, 0]
    for (let i = 0; i < width; i++) {
      const bit = this.#bit(coder + node)
      node = (node << 1) | bit
      value |= bit << i
    }
    return value
  }

  /** A literal where a match ended: as long as it is like what would have gone on, that decides too. */
  #matchedLiteral(coder: number, other: number): number {
    let node = 1
    for (let offset = 0x100; node < 0x100; ) {
      other <<= 1
      const like = other & offset
      const bit = this.#bit(coder + offset + like + node)
      node = (node << 1) | bit
      offset &= bit === 1 ? other : ~other
    }
    return node & 0xff
  }

  #length(coder: number, place: number): number {
    const [low, middle, high] = [coder + 2 + place * 8, coder + 2 + POSITIONS * 8 + place * 8, coder + 2 + 2 * POSITIONS * 8]
    if (this.#bit(coder) === 0) return SHORTEST_MATCH + this.#tree(low, 3)
    if (this.#bit(coder + 1) === 0) return SHORTEST_MATCH + 8 + this.#tree(middle, 3)
    return SHORTEST_MATCH + 16 + this.#tree(high, 8)
  }

  /** Less one: what no match has is the largest. */
  #distance(length: number): number {
    const slot = this.#tree(AT.slots + 64 * Math.min(length - SHORTEST_MATCH, LENGTH_CLASSES - 1), 6)
    if (slot < 4) return slot
    const width = (slot >> 1) - 1
    const base = (2 | (slot & 1)) * 2 ** width
    if (slot < FIRST_DIRECT_SLOT) return base + this.#reverseTree(AT.distances + base - slot, width)
    return base + this.#direct(width - ALIGN_BITS) * 2 ** ALIGN_BITS + this.#reverseTree(AT.align, ALIGN_BITS)
  }

  /** Bits that are as probable as not. */
  #direct(width: number): number {
    let value = 0
    for (let i = 0; i < width; i++) {
      this.#range >>>= 1
      const less = (this.#code - this.#range) | 0
      const bit = less >= 0 ? 1 : 0
      if (bit === 1) this.#code = less
      value = value * 2 + bit
      if (this.#range >>> 24 === 0) this.#normalize()
    }
    return value
  }
}

function fresh({ lc, lp }: LzmaProperties): Uint16Array {
  return new Uint16Array(AT.literals + (LITERAL_CODER << (lc + lp))).fill(EVEN)
}
