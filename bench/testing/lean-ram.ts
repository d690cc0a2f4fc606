/** Guest RAM of the lean ITS (`lean-its.ts`): one region, no pages, no dirty log. Addresses are numbers of bytes. */
export class LeanRam {
  readonly words: Int32Array
  readonly #doubles: Float64Array
  readonly #base: number
  readonly #bytes: number

  constructor(base: number, bytes: number) {
    const buffer = new ArrayBuffer(bytes)
    this.words = new Int32Array(buffer)
    this.#doubles = new Float64Array(buffer)
    this.#base = base
    this.#bytes = bytes
    // Written once, so that the pages are there and not the one shared page of zeros.
    this.#doubles.fill(1)
    this.#doubles.fill(0)
  }

  /** How many 64-bit words it has. */
  get entries(): number {
    return this.#bytes / 8
  }

  /** Which 64-bit word lies at an address that is a multiple of 8; -1 outside. */
  entry(at: number): number {
    const offset = at - this.#base
    return offset >= 0 && offset < this.#bytes ? offset / 8 : -1
  }

  write(entry: number, lo: number, hi: number): void {
    this.words[2 * entry] = lo
    this.words[2 * entry + 1] = hi
  }

  /** A byte of the first 4 GiB; -1 outside. */
  byte(at: number): number {
    const offset = at - this.#base
    if (!(offset >= 0 && offset < this.#bytes)) return -1
    return (this.words[offset >>> 2]! >>> ((offset & 3) << 3)) & 0xff
  }

  setByte(at: number, value: number): void {
    const offset = at - this.#base
    const shift = (offset & 3) << 3
    this.words[offset >>> 2] = (this.words[offset >>> 2]! & ~(0xff << shift)) | (value << shift)
  }

  /** The first 64-bit word of `from` to `end` that is not zero, else `end`. A lone sign bit counts as zero: no ITE has one. */
  skipZeros(from: number, end: number): number {
    const [f, words] = [this.#doubles, this.words]
    let n = from
    while (
      n < end - 15 &&
      f[n] === 0 &&
      f[n + 1] === 0 &&
      f[n + 2] === 0 &&
      f[n + 3] === 0 &&
      f[n + 4] === 0 &&
      f[n + 5] === 0 &&
      f[n + 6] === 0 &&
      f[n + 7] === 0 &&
      f[n + 8] === 0 &&
      f[n + 9] === 0 &&
      f[n + 10] === 0 &&
      f[n + 11] === 0 &&
      f[n + 12] === 0 &&
      f[n + 13] === 0 &&
      f[n + 14] === 0 &&
      f[n + 15] === 0
    )
      n += 16
    while (n < end && (words[2 * n]! | words[2 * n + 1]!) === 0) n++
    return n
  }
}
