import { Damaged } from './decoder.ts'

/** Bits of compressed bytes, the highest of each byte first; `end` is where they end, or where those end that may be used. */
export class BitsForward {
  readonly #bytes: Uint8Array
  readonly #end: number
  #at: number
  /** The next bits, the first of them highest. */
  #word = 0
  #count = 0

  /** From the bit `bit` of the byte at `at` on; the highest is 0. */
  constructor(bytes: Uint8Array, place: { readonly at: number; readonly bit: number }, end: number) {
    this.#bytes = bytes
    this.#end = end
    this.#at = place.at
    if (place.bit > 0) this.take(place.bit)
  }

  /** The bit that comes next, counted from the first of `bytes`. */
  get position(): number {
    return this.#at * 8 - this.#count
  }

  /** The next `width` bits, 1 to 24. */
  take(width: number): number {
    this.#fill()
    const value = this.#word >>> (32 - width)
    this.skip(width)
    return value
  }

  /** The next 20 bits, zeros behind the end; they stay. */
  next20(): number {
    if (this.#count < 20) this.#fill()
    return this.#word >>> 12
  }

  /** Passes up to 24 bits that were looked at. */
  skip(width: number): void {
    this.#word <<= width
    this.#count -= width
  }

  /** Bits were used that are not there: they read as zeros. */
  get isBeyond(): boolean {
    return this.position > this.#end * 8
  }

  /** @throws Damaged when bits were used that are not there. */
  check(): void {
    if (this.isBeyond) throw new Damaged('the end of the file')
  }

  #fill(): void {
    while (this.#count <= 24) {
      this.#word |= (this.#bytes[this.#at++] ?? 0) << (24 - this.#count)
      this.#count += 8
    }
  }
}
