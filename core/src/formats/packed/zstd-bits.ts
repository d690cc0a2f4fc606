/** A stream of bits that is read backwards. */
export class ZstdBits {
  #bytes = new Uint8Array(1024)
  #length = 0
  #word = 0
  #waiting = 0

  /** At most 24 bits. */
  add(value: number, width: number): void {
    this.#word |= value << this.#waiting
    this.#waiting += width
    for (; this.#waiting >= 8; this.#waiting -= 8) {
      this.#put(this.#word & 0xff)
      this.#word >>>= 8
    }
  }

  /** With the bit that tells a reader where the last one is. */
  ended(): Uint8Array {
    this.add(1, 1)
    if (this.#waiting > 0) this.#put(this.#word & 0xff)
    return this.#bytes.subarray(0, this.#length)
  }

  #put(byte: number): void {
    if (this.#length === this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#length)
      larger.set(this.#bytes)
      this.#bytes = larger
    }
    this.#bytes[this.#length++] = byte
  }
}
