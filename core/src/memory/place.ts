import { refuseBigEndian } from './byte-order.ts'

refuseBigEndian()

/** The same bytes as 32-bit words and as doubles. */
export interface Words {
  readonly words: Int32Array
  readonly doubles: Float64Array
}

/** Where a cursor stands: the array that holds its word, where in it the word is, and where ends what belongs together. */
export interface Place {
  words: Int32Array
  doubles: Float64Array
  /** Of 32-bit words. */
  index: number
  end: number
  /** The offset in the region, when the page is known to be zero; else -1. */
  zeroOffset: number
}

/** `length` bytes of a place, from byte `from` of its word on. */
export function bytesAt({ words, index }: Place, from: number, length: number): Uint8Array {
  return new Uint8Array(words.buffer, index * 4 + from, length)
}

/** A buffer of zeros. */
export function zeroWords(bytes: number): Words {
  const buffer = new ArrayBuffer(bytes)
  return { words: new Int32Array(buffer), doubles: new Float64Array(buffer) }
}
