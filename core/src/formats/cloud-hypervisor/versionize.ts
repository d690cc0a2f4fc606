import { FormatError } from '../format-error.ts'

/**
 * Reads what the crate versionize writes of structures in their first version, as all of these are: members one after the other, integers
 * little-endian, before a list or a text its length in 64 bits.
 *
 * @source firecracker-microvm/versionize src/primitives.rs
 */
export class VersionizeReader {
  readonly #view: DataView
  readonly #offset: number
  readonly #what: string
  #at = 0

  /** @param offset where the bytes are in their file @param what what they are, for people */
  constructor(bytes: Uint8Array, offset: number, what: string) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#offset = offset
    this.#what = what
  }

  boolean(): boolean {
    const value = this.#next(1).getUint8(0)
    if (value > 1) throw this.#wrong('0 or 1', value)
    return value === 1
  }

  u32(): number {
    return this.#next(4).getUint32(0, true)
  }

  u64(): bigint {
    return this.#next(8).getBigUint64(0, true)
  }

  /** @param bytes that an element has at least, so that no list is longer than what is left */
  list<T>(bytes: number, element: () => T): T[] {
    return Array.from({ length: this.#length(bytes) }, element)
  }

  text(): string {
    const view = this.#next(this.#length(1))
    return Array.from({ length: view.byteLength }, (_, i) => String.fromCharCode(view.getUint8(i))).join('')
  }

  /** @throws FormatError when something is left. */
  end(): void {
    const left = this.#view.byteLength - this.#at
    if (left > 0) throw this.#wrong('its end', `${left} bytes more`)
  }

  #length(bytes: number): number {
    const length = this.u64()
    const left = this.#view.byteLength - this.#at
    if (length * BigInt(bytes) > BigInt(left)) throw this.#wrong(`at most ${left} bytes`, `a length of ${length}`)
    return Number(length)
  }

  #next(bytes: number): DataView {
    if (this.#at + bytes > this.#view.byteLength) throw this.#wrong(`${bytes} bytes`, 'its end')
    const view = new DataView(this.#view.buffer, this.#view.byteOffset + this.#at, bytes)
    this.#at += bytes
    return view
  }

  #wrong(expected: string, found: number | string): FormatError {
    return new FormatError(this.#offset, `${expected} at byte ${this.#at} of ${this.#what}`, `${found}`)
  }
}
