import { type ByteSource, truncated } from '../byte-source.ts'
import { latin1 } from '../stream-reader.ts'

const WINDOW = 512 << 10
/** Zeros behind the window: who looks at four bytes where one is left finds them. */
const SLACK = 16
/** What stays before the place: a bit buffer may give bytes back. */
const BEHIND = 8

/** Compressed bytes from front to back, a window of them at a time. */
export class PackedInput {
  /** The window, and at least 16 bytes behind it that mean nothing. */
  bytes = new Uint8Array(SLACK)
  at = 0
  /** Where the window ends. */
  end = 0
  readonly #source: ByteSource
  /** Where the source begins in its file: errors name places of that. */
  readonly #base: number
  #start: number

  constructor(source: ByteSource, start: number, base: number) {
    this.#source = source
    this.#start = start
    this.#base = base
  }

  /** Place in the source. */
  get offset(): number {
    return this.#start + this.at
  }

  /** The same place in the file. */
  get place(): number {
    return this.#base + this.offset
  }

  /** True when the window reaches to the end of the source. */
  get isLast(): boolean {
    return this.#start + this.end >= this.#source.byteLength
  }

  get isAtEnd(): boolean {
    return this.offset >= this.#source.byteLength
  }

  /** Makes the next `bytes` bytes readable. @throws FormatError `expected` when the source ends before. */
  async need(bytes: number, expected: string): Promise<void> {
    if (this.at + bytes <= this.end) return
    await this.refill(bytes)
    if (this.at + bytes > this.end) throw truncated(this.#base + this.#source.byteLength, expected)
  }

  /** The next bytes, which are readable, as text, one character each. */
  text(bytes: number): string {
    this.at += bytes
    return latin1(this.bytes.subarray(this.at - bytes, this.at))
  }

  /** Passes zeros, which may fill a file behind its contents; false at the end of the source. */
  async passZeros(): Promise<boolean> {
    while (!this.isAtEnd) {
      await this.need(1, 'what follows zeros')
      if (this.offset === 0) return true
      while (this.at < this.end && this.bytes[this.at] === 0) this.at++
      if (this.at < this.end) return true
    }
    return false
  }

  /** Moves the window to here; it holds `bytes` bytes at least unless the source ends before, and 8 before them. */
  async refill(bytes = 0): Promise<void> {
    const { offset } = this
    const start = Math.max(0, offset - BEHIND)
    const wanted = Math.max(0, Math.min(Math.max(WINDOW, bytes + BEHIND), this.#source.byteLength - start))
    if (this.bytes.length < wanted + SLACK) this.bytes = new Uint8Array(wanted + SLACK)
    const room = this.bytes.subarray(0, wanted)
    const read = await this.#source.slice(start, start + wanted, room)
    if (read.length < wanted) throw truncated(this.#base + start + read.length, 'a file that does not shrink while it is read')
    if (read.buffer !== room.buffer || read.byteOffset !== room.byteOffset) room.set(read)
    this.bytes.fill(0, wanted, wanted + SLACK)
    this.#start = start
    this.at = offset - start
    this.end = wanted
  }
}
