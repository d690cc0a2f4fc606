const FIRST = 1 << 20

/** The last bytes of what goes by, at most `most` of them; as long as there are fewer, all. */
export class Recent {
  readonly #most: number
  #bytes: Uint8Array<ArrayBuffer>
  /** All that went by. */
  #end = 0

  constructor(most: number) {
    this.#most = most
    this.#bytes = new Uint8Array(Math.min(FIRST, most))
  }

  /** The place of the first byte that is held. */
  get start(): number {
    return Math.max(0, this.#end - this.#most)
  }

  get end(): number {
    return this.#end
  }

  add(bytes: Uint8Array): void {
    const wanted = Math.min(this.#end + bytes.length, this.#most)
    if (wanted > this.#bytes.length) {
      const larger = new Uint8Array(Math.min(Math.max(wanted, 2 * this.#bytes.length), this.#most))
      larger.set(this.#bytes)
      this.#bytes = larger
    }
    const last = bytes.subarray(Math.max(0, bytes.length - this.#most))
    const at = (this.#end + bytes.length - last.length) % this.#most
    const first = last.subarray(0, this.#most - at)
    this.#bytes.set(first, at)
    this.#bytes.set(last.subarray(first.length))
    this.#end += bytes.length
  }

  /** The bytes from `start` to `end`, all of them held: in `room`, or as they lie. */
  slice(start: number, end: number, room?: Uint8Array): Uint8Array {
    const [from, until] = [start % this.#most, (start % this.#most) + end - start]
    if (until <= this.#most) return this.#bytes.subarray(from, until)
    const whole = room?.subarray(0, end - start) ?? new Uint8Array(end - start)
    whole.set(this.#bytes.subarray(from))
    whole.set(this.#bytes.subarray(0, until - this.#most), this.#most - from)
    return whole
  }
}
