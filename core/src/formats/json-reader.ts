import { FormatError, printable } from './format-error.ts'

/** A JSON object whose members are still to be looked at. */
export type Json = Readonly<Record<string, unknown>>

/** Takes values out of JSON from a file; whatever is not what it should be is a FormatError. */
export class JsonReader {
  readonly #offset: number
  readonly #what: string

  /** `offset` is where the JSON lies in its file, `what` its name for people. */
  constructor(offset: number, what: string) {
    this.#offset = offset
    this.#what = what
  }

  object(value: unknown): Json {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.wrong('an object', value)
    return value as Json
  }

  array(value: unknown): readonly unknown[] {
    if (!Array.isArray(value)) throw this.wrong('an array', value)
    return value
  }

  /** Printable ASCII. */
  string(value: unknown): string {
    if (typeof value !== 'string' || printable(value) !== value) throw this.wrong('a short string', value)
    return value
  }

  /** One of these words. */
  oneOf<const T extends string>(value: unknown, words: readonly T[]): T {
    const word = words.find((each) => each === value)
    if (word === undefined) throw this.wrong(words.join(' or '), value)
    return word
  }

  boolean(value: unknown): boolean {
    if (typeof value !== 'boolean') throw this.wrong('true or false', value)
    return value
  }

  /** A whole number from 0 up to, not including, `limit`. */
  count(value: unknown, limit = 2 ** 32): number {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value >= limit) throw this.wrong('a count', value)
    return value
  }

  /** A u64 as a hexadecimal string, `0x` in front. */
  u64(value: unknown): bigint {
    if (typeof value !== 'string' || !/^0x[0-9a-f]{1,16}$/.test(value)) throw this.wrong('a hexadecimal number', value)
    return BigInt(value)
  }

  wrong(expected: string, found: unknown): FormatError {
    const shown =
      found === undefined ? 'nothing' : typeof found === 'object' ? 'something else' : JSON.stringify(found).slice(0, 80)
    return new FormatError(this.#offset, `${expected} in ${this.#what}`, shown)
  }
}

/** What `text` says as JSON, or undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
