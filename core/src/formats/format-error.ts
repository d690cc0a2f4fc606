/** What is found where a file ends too soon. */
const END_OF_FILE = 'the end of the file'

/** This file is not what it claims to be, or not what can be read: says where, what was expected there, and what was found. */
export class FormatError extends Error {
  override readonly name = 'FormatError'
  /** Byte offset in the file, or in its decompressed contents. */
  readonly offset: number
  readonly expected: string
  readonly found: string
  /** Which file it is, where a machine has several. */
  readonly file: string | undefined
  constructor(offset: number, expected: string, found: string, options: ErrorOptions & { readonly file?: string } = {}) {
    const { file, ...rest } = options
    const where = file === undefined ? '' : `${printable(file)}: `
    const doubt = found === END_OF_FILE ? ': truncated, or still being written?' : ''
    super(`${where}at byte 0x${offset.toString(16)}: expected ${ascii(expected)}, found ${printable(found)}${doubt}`, rest)
    this.offset = offset
    this.expected = expected
    this.found = found
    this.file = file
  }

  /** The same error, naming the file of several that it is about. */
  in(file: string): FormatError {
    return new FormatError(this.offset, this.expected, this.found, { cause: this, file })
  }
}

const LONGEST = 255

/** Text from a file, made safe for a terminal: printable ASCII and not endless. */
export function printable(text: string): string {
  return text.length > LONGEST ? `${ascii(text.slice(0, LONGEST - 3))}...` : ascii(text)
}

/** What is expected may be called by a name from the file. */
const ascii = (text: string): string => text.replace(/[^ -~]/g, '.')
