/** Bytes of the bitmap that are counted together. */
const STEP = 512

/** A set of page numbers: bit n % 8 of byte n / 8. */
export class Bitmap {
  readonly #bytes: Uint8Array
  readonly #limit: number
  /** Members in the steps before each. */
  readonly #before: Float64Array

  /** `limit`: numbers from here on do not count. */
  constructor(bytes: Uint8Array, limit: number) {
    this.#bytes = bytes
    this.#limit = limit
    this.#before = new Float64Array(Math.ceil(bytes.length / STEP) + 1)
    let count = 0
    for (let at = 0; at < bytes.length; at++) {
      if (at % STEP === 0) this.#before[at / STEP] = count
      count += ones(bytes[at]!)
    }
  }

  has(number: number): boolean {
    return number < this.#limit && (this.#bytes[number >>> 3]! & (1 << (number & 7))) !== 0
  }

  /** How many members come before. */
  rank(number: number): number {
    const last = Math.floor(number / 8)
    const first = last - (last % STEP)
    let count = this.#before[first / STEP]!
    for (let at = first; at < last; at++) count += ones(this.#bytes[at]!)
    return count + ones(this.#bytes[last]! & ((1 << (number & 7)) - 1))
  }

  /** Members that follow one another, as [first, count]. */
  *runs(): Generator<readonly [number, number]> {
    let first = -1
    for (let number = 0; number < this.#limit; number++) {
      const byte = number % 8 === 0 ? this.#bytes[number >>> 3]! : -1
      if ((byte === 0 && first < 0) || (byte === 0xff && first >= 0)) {
        number += 7
        continue
      }
      if (this.has(number) === first >= 0) continue
      if (first < 0) first = number
      else {
        yield [first, number - first]
        first = -1
      }
    }
    if (first >= 0) yield [first, this.#limit - first]
  }
}

function ones(byte: number): number {
  const pairs = byte - ((byte >> 1) & 0x55)
  const fours = (pairs & 0x33) + ((pairs >> 2) & 0x33)
  return (fours + (fours >> 4)) & 0xf
}
