import { FormatError, printable } from '../format-error.ts'
import { latin1 } from '../stream-reader.ts'

/** A text that a kernel printed, line by line. */
export class TextLines {
  readonly #lines: readonly string[]
  readonly #what: string
  #next = 0
  #offset = 0

  /** @param what what it is, for people @throws FormatError when its last line has no end: then it was cut. */
  constructor(bytes: Uint8Array, what: string) {
    const lines = latin1(bytes).split('\n')
    if (lines.pop() !== '') throw new FormatError(bytes.length, `the end of a line of ${what}`, 'the end of the file')
    this.#lines = lines
    this.#what = what
  }

  /** The line that comes next; undefined behind the last. */
  get next(): string | undefined {
    return this.#lines[this.#next]
  }

  /** Goes on behind the next line. */
  pass(): void {
    this.#offset += this.#lines[this.#next]!.length + 1
    this.#next++
  }

  /** What the pattern takes out of the next line. @throws FormatError when it does not match, or what it takes is not right. */
  take(pattern: RegExp, expected: string, isRight: (taken: readonly string[]) => boolean = () => true): readonly string[] {
    const taken = this.next === undefined ? undefined : pattern.exec(this.next)?.slice(1)
    if (taken === undefined || !isRight(taken)) throw this.wrong(expected)
    this.pass()
    return taken
  }

  /** What to throw where the next line is something else than it should be. */
  wrong(expected: string): FormatError {
    const found = this.next === undefined ? 'its end' : `"${printable(this.next)}"`
    return new FormatError(this.#offset, `${expected} in ${this.#what}`, found)
  }
}
