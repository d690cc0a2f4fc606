/** This file is not what it claims to be, or not what can be read: says where, what was expected there, and what was found. */
export class FormatError extends Error {
  override readonly name = 'FormatError'
  /** Byte offset in the file, or in its decompressed contents. */
  readonly offset: number
  readonly expected: string
  constructor(offset: number, expected: string, found: string, options?: ErrorOptions) {
    super(`at byte 0x${offset.toString(16)}: expected ${expected}, found ${printable(found)}`, options)
    this.offset = offset
    this.expected = expected
  }
}

const LONGEST = 255

/** Text from a file, made safe for a terminal: printable ASCII and not endless. */
export function printable(text: string): string {
  const safe = text.slice(0, LONGEST).replace(/[^ -~]/g, '.')
  return text.length > LONGEST ? `${safe}...` : safe
}
