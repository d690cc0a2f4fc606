import { Damaged } from './decoder.ts'
import type { History } from './history.ts'
import { Lzma, type LzmaState } from './lzma.ts'

/** What a chunk decodes to at most, and what it takes at most, its header included. */
export const LARGEST_CHUNK = 2 << 20
export const LONGEST_CHUNK = (64 << 10) + 6
const CONTROL = { end: 0, storedAfterReset: 1, stored: 2, packed: 0x80 } as const
/** What a packed chunk begins anew, by bits 5 and 6 of its control byte: nothing, the state, the properties too, the dictionary too. */
const ANEW = { state: 1, properties: 2, dictionary: 3 } as const
const MOST_PROPERTIES = (4 * 5 + 4) * 9 + 8
const MOST_LITERAL_BITS = 4

/** What a chunk leaves to the next ones, besides what may be repeated. */
export interface Lzma2State {
  /** Since the dictionary was begun; undefined before that. */
  readonly position: number | undefined
  readonly lzma: LzmaState | undefined
}

/** Decodes the chunks of an LZMA2 block. Source: the chunk headers as XZ Utils describes them (lzma2_decoder.c). */
export class Lzma2 {
  isDone = false
  readonly #dictionary: number
  #position: number | undefined
  #lzma: Lzma | undefined

  constructor(dictionary: number, from?: Lzma2State) {
    this.#dictionary = dictionary
    this.#position = from?.position
    this.#lzma = from?.lzma && new Lzma(from.lzma.properties, from.lzma)
  }

  get state(): Lzma2State {
    return { position: this.#position, lzma: this.#lzma?.state }
  }

  /**
   * Decodes the chunk at `at` into the history, which has room for the largest, and answers where it ends; at most LONGEST_CHUNK bytes
   * are looked at.
   *
   * @throws Damaged
   */
  chunk(bytes: Uint8Array, at: number, end: number, history: History): number {
    const control = bytes[at]!
    if (control === CONTROL.end) {
      this.isDone = true
      return at + 1
    }
    if (control > CONTROL.stored && control < CONTROL.packed) throw new Damaged('a chunk of a kind that there is not')
    const anew = (control >> 5) & 3
    const isPacked = control >= CONTROL.packed
    if (isPacked ? anew === ANEW.dictionary : control === CONTROL.storedAfterReset) {
      this.#position = 0
      this.#lzma = undefined
    }
    if (this.#position === undefined) throw new Damaged('a chunk before its dictionary')
    return isPacked ? this.#packed(bytes, at, end, history) : this.#stored(bytes, at, end, history)
  }

  #stored(bytes: Uint8Array, at: number, end: number, history: History): number {
    const length = u16(bytes, at + 1) + 1
    const start = at + 3
    if (start + length > end) throw new Damaged('the end of the file')
    history.bytes.set(bytes.subarray(start, start + length), history.at)
    history.advance(length)
    this.#position! += length
    return start + length
  }

  #packed(bytes: Uint8Array, at: number, end: number, history: History): number {
    const anew = (bytes[at]! >> 5) & 3
    const length = ((bytes[at]! & 0x1f) << 16) + u16(bytes, at + 1) + 1
    const packed = u16(bytes, at + 3) + 1
    const start = at + (anew >= ANEW.properties ? 6 : 5)
    if (start + packed > end) throw new Damaged('the end of the file')
    if (anew >= ANEW.properties) this.#lzma = new Lzma(properties(bytes[at + 5]!))
    else if (this.#lzma === undefined) throw new Damaged('a chunk before its properties')
    else if (anew === ANEW.state) this.#lzma = new Lzma(this.#lzma.properties)
    const position = this.#position!
    this.#lzma.run({ bytes, start, end: start + packed, length, position, dictionary: this.#dictionary }, history)
    this.#position = position + length
    return start + packed
  }
}

function properties(byte: number): { readonly lc: number; readonly lp: number; readonly pb: number } {
  const [lc, lp, pb] = [byte % 9, Math.floor(byte / 9) % 5, Math.floor(byte / 45)]
  if (byte > MOST_PROPERTIES || lc + lp > MOST_LITERAL_BITS) throw new Damaged('properties that there are not')
  return { lc, lp, pb }
}

const u16 = (bytes: Uint8Array, at: number): number => (bytes[at]! << 8) | bytes[at + 1]!
