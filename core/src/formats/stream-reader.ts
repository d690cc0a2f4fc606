import { type ByteSource, truncated } from './byte-source.ts'
import { FormatError } from './format-error.ts'

/** What a window moves on by, once a source is read through. */
const STEP = 4 << 20
/** Behind a jump another may follow: so little is read first, and then more and more. */
const FIRST_BYTES = 4 << 10
const GROWTH = 4
/** What `need` can promise at most: bytes that lie contiguous after any position. */
export const MARGIN = 64 << 10

interface Ahead {
  readonly start: number
  readonly bytes: Promise<Uint8Array>
}

/**
 * Reads a source from front to back in windows that grow, the next large one fetched while this one is looked at. Big-endian.
 *
 * After `need(n)` the next `n` bytes lie at `bytes[at]`; the accessors then read them without waiting. Hot loops work on
 * `bytes` and `at` themselves as long as `at < limit`.
 */
export class StreamReader {
  readonly source: ByteSource
  bytes: Uint8Array = new Uint8Array(0)
  at = 0
  /** Below this index MARGIN bytes follow, or the file's end. */
  limit = 0
  #view: DataView = new DataView(new ArrayBuffer(0))
  #start = 0
  #step = 0
  /** The length of the window. */
  #wanted = 0
  #ahead: Ahead | undefined
  readonly #rooms: Uint8Array[] = []
  #turn = 0
  readonly #progress: ((done: number, total: number) => void) | undefined

  constructor(source: ByteSource, offset = 0, progress?: (done: number, total: number) => void) {
    this.source = source
    this.#start = offset
    this.#progress = progress
  }

  /** Where the reader is in its source. */
  get offset(): number {
    return this.#start + this.at
  }

  /** Bytes left in the source. */
  get left(): number {
    return Math.max(0, this.source.byteLength - this.offset)
  }

  /** Makes the next `bytes` bytes readable, at most MARGIN. @throws FormatError `expected` when the source ends before. */
  async need(bytes: number, expected: string): Promise<void> {
    if (this.at + bytes <= this.bytes.length) return
    if (bytes > this.left) throw truncated(this.source.byteLength, expected)
    await this.#move(bytes)
    if (this.at + bytes > this.bytes.length) throw truncated(this.#start + this.bytes.length, expected)
  }

  /** Moves the window so that it starts at, or shortly before, the current position, which is below its limit then or near the end. */
  async refill(): Promise<void> {
    await this.#move(MARGIN + 1)
  }

  /** Moves the window so that `least` bytes are in it, unless the source ends before. */
  async #move(least: number): Promise<void> {
    const offset = this.offset
    const ahead = this.#ahead
    this.#ahead = undefined
    let bytes = await ahead?.bytes
    let start = ahead?.start ?? 0
    if (bytes === undefined || offset < start || offset >= start + STEP) {
      const follows = this.#step > 0 && offset <= this.#start + this.bytes.length
      start = offset
      this.#step = follows ? Math.min(GROWTH * this.#step, STEP) : FIRST_BYTES
      this.#wanted = Math.max(this.#step === FIRST_BYTES ? this.#step : this.#step + MARGIN, least)
      bytes = await this.#fetch(start)
    }
    const last = start + bytes.length >= this.source.byteLength
    if (!last && bytes.length < this.#wanted)
      throw truncated(start + bytes.length, 'a file that does not shrink while it is read')
    this.#start = start
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = offset - start
    this.limit = last ? bytes.length : Math.max(0, bytes.length - MARGIN)
    if (!last && this.#step === STEP) this.#fetchAhead(start + STEP)
    this.#progress?.(start + bytes.length, this.source.byteLength)
  }

  u8(): number {
    return this.bytes[this.at++]!
  }

  u16(): number {
    this.at += 2
    return this.#view.getUint16(this.at - 2)
  }

  u32(): number {
    this.at += 4
    return this.#view.getUint32(this.at - 4)
  }

  /** A u64 as a number; above 2^53 it is not exact, which every bound refuses anyway. */
  u64(): number {
    const high = this.u32()
    return high * 2 ** 32 + this.u32()
  }

  /** `length` bytes as Latin-1 text. */
  text(length: number): string {
    this.at += length
    return latin1(this.bytes.subarray(this.at - length, this.at))
  }

  /** Moves on without looking. @throws FormatError `expected` when the source ends before. */
  skip(bytes: number, expected: string): void {
    if (bytes > this.left) throw truncated(this.source.byteLength, expected)
    this.at += bytes
  }

  /** A length byte and that many characters. */
  async name(expected: string): Promise<string> {
    await this.need(1, expected)
    return this.printableText(this.u8(), expected)
  }

  /** `length` bytes, which must be printable ASCII. */
  async printableText(length: number, expected: string): Promise<string> {
    await this.need(length, expected)
    const { offset } = this
    const text = this.text(length)
    if (/[^ -~]/.test(text)) throw new FormatError(offset, expected, `"${text}"`)
    return text
  }

  #fetchAhead(start: number): void {
    const bytes = this.#fetch(start)
    // A failure is reported by whoever awaits these bytes; nobody may.
    bytes.catch(() => undefined)
    this.#ahead = { start, bytes }
  }

  async #fetch(start: number): Promise<Uint8Array> {
    const end = Math.min(start + this.#wanted, this.source.byteLength)
    if (this.#step < STEP) return this.source.slice(start, end)
    this.#turn ^= 1
    this.#rooms[this.#turn] ??= new Uint8Array(STEP + MARGIN)
    return this.source.slice(start, end, this.#rooms[this.#turn])
  }
}

/** Bytes as text, one character each. */
export function latin1(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192))
  return text
}

/** Bytes as an error message shows them: text when all of them can be printed, hexadecimal otherwise. */
export function shown(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'nothing'
  if (bytes.every((byte) => byte >= 0x20 && byte < 0x7f)) return `"${latin1(bytes)}"`
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
}
