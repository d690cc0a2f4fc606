/** Room for the first piece and what it may run over. */
const FIRST = (1 << 20) + (256 << 10)
/** What stays readable behind the end, however small the window: a reader that looks a little back finds it here. */
const LEAST = 128 << 10
const SMALLEST_SLACK = 1 << 20
const LARGEST_SLACK = 32 << 20

/**
 * What was decoded last: at least the window that later bytes may repeat. It takes memory as contents come, not as a header
 * announces them.
 */
export class History {
  bytes: Uint8Array
  /** Behind the last byte, in `bytes`. */
  at = 0
  /** Behind the last byte, in all that was decoded. */
  offset: number
  #window: number

  constructor(window: number, offset = 0, before: Uint8Array = new Uint8Array(0)) {
    this.#window = Math.max(window, LEAST)
    this.offset = offset
    this.bytes = new Uint8Array(before.length + FIRST)
    this.bytes.set(before)
    this.at = before.length
  }

  /** Where what is held begins, in all that was decoded. */
  get start(): number {
    return this.offset - this.at
  }

  /** Another window from here on, and more to be held for it. */
  widen(window: number): void {
    this.#window = Math.max(window, LEAST)
  }

  /** Makes room for `bytes` more. */
  room(bytes: number): void {
    if (this.at + bytes <= this.bytes.length) return
    const most = this.#window + Math.min(Math.max(this.#window, SMALLEST_SLACK), LARGEST_SLACK) + bytes
    const kept = Math.min(this.at, this.#window)
    if (kept + bytes <= this.bytes.length && this.bytes.length >= Math.min(most, 2 * kept)) {
      this.bytes.copyWithin(0, this.at - kept, this.at)
    } else {
      const larger = new Uint8Array(Math.min(most, 2 * this.bytes.length + bytes))
      larger.set(this.bytes.subarray(this.at - kept, this.at))
      this.bytes = larger
    }
    this.at = kept
  }

  /** Says that `bytes` bytes were put at `at`. */
  advance(bytes: number): void {
    this.at += bytes
    this.offset += bytes
  }

  /** The last `bytes` bytes. */
  last(bytes: number): Uint8Array {
    return this.bytes.subarray(this.at - bytes, this.at)
  }

  /** Repeats `length` bytes from `distance` before the end; there is room for them. */
  repeat(distance: number, length: number): void {
    copyWithin(this.bytes, this.at, distance, length)
    this.advance(length)
  }
}

const SHORT = 24

/** Repeats `length` bytes from `distance` before `at`, those included that it writes itself. */
export function copyWithin(bytes: Uint8Array, at: number, distance: number, length: number): void {
  const from = at - distance
  if (length <= SHORT) {
    for (let i = 0; i < length; i++) bytes[at + i] = bytes[from + i]!
  } else if (distance >= length) bytes.copyWithin(at, from, from + length)
  else if (distance === 1) bytes.fill(bytes[from]!, at, at + length)
  else {
    // Each round repeats all that the rounds before have made.
    for (let done = 0; done < length; ) {
      const step = Math.min(distance + done, length - done)
      bytes.copyWithin(at + done, from, from + step)
      done += step
    }
  }
}
