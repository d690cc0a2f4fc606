import type { Edit } from '../edits.ts'
import { FormatError } from '../format-error.ts'
import { latin1 } from '../stream-reader.ts'
import { decodeString, utf8Text } from './json-strings.ts'
import { CHARACTER, checkJson, type JsonBytes, quoted, skipSpace, skipString, skipValue, wrongJson } from './json-syntax.ts'

/** A text in which values can be replaced. */
export interface JsonText extends JsonBytes {
  /** What puts these bytes, ASCII without quotes and backslashes, in the place of those from `start` up to `end`. */
  edit(start: number, end: number, insert: Uint8Array): Edit
}

const U64_LIMIT = 2n ** 64n
const SHOWN_BYTES = 40

/**
 * A value of a JSON text, which is looked at where it lies: integers keep all their bits, and whatever is not what it should be is a
 * FormatError with its byte in the file.
 */
export class JsonValue {
  readonly #text: JsonText
  readonly #start: number
  readonly #end: number

  private constructor(text: JsonText, start: number, end: number) {
    this.#text = text
    this.#start = start
    this.#end = end
  }

  /** What a file says that is JSON as a whole. @param what its name for people @throws FormatError when it is none. */
  static of(bytes: Uint8Array, what: string): JsonValue {
    return JsonValue.#checked({
      bytes,
      what,
      place: (index) => index,
      edit: (start, end, insert) => ({ offset: start, remove: end - start, insert }),
    })
  }

  static #checked(text: JsonText): JsonValue {
    const [start, end] = checkJson(text)
    return new JsonValue(text, start, end)
  }

  /** Its first byte in the file. */
  get offset(): number {
    return this.#text.place(this.#start)
  }

  get isNull(): boolean {
    return this.#first === 'n'.charCodeAt(0)
  }

  get isString(): boolean {
    return this.#first === CHARACTER.quote
  }

  get isArray(): boolean {
    return this.#first === CHARACTER.openArray
  }

  get isObject(): boolean {
    return this.#first === CHARACTER.openObject
  }

  /** @throws FormatError when it is no object, or two members have one name. */
  members(): ReadonlyMap<string, JsonValue> {
    if (!this.isObject) throw this.wrong('an object')
    const { bytes } = this.#text
    const members = new Map<string, JsonValue>()
    let at = skipSpace(bytes, this.#start + 1)
    while (bytes[at] !== CHARACTER.closeObject) {
      const end = skipString(bytes, at)
      const name = new JsonValue(this.#text, at, end).string()
      if (members.has(name)) throw wrongJson(this.#text, at, 'members of different names')
      const value = this.#valueAt(skipSpace(bytes, skipSpace(bytes, end) + 1))
      members.set(name, value)
      at = skipSpace(bytes, value.#end)
      if (bytes[at] === CHARACTER.comma) at = skipSpace(bytes, at + 1)
    }
    return members
  }

  /** The member of that name. @throws FormatError when there is none. */
  member(name: string): JsonValue {
    const member = this.members().get(name)
    if (member === undefined) throw this.wrong(`a member "${name}"`)
    return member
  }

  /** @param limit elements that there may be at most */
  elements(limit: number): readonly JsonValue[] {
    if (!this.isArray) throw this.wrong('an array')
    const { bytes } = this.#text
    const elements: JsonValue[] = []
    let at = skipSpace(bytes, this.#start + 1)
    while (bytes[at] !== CHARACTER.closeArray) {
      const value = this.#valueAt(at)
      if (elements.length === limit) throw value.wrong(`at most ${limit} elements`)
      elements.push(value)
      at = skipSpace(bytes, value.#end)
      if (bytes[at] === CHARACTER.comma) at = skipSpace(bytes, at + 1)
    }
    return elements
  }

  string(): string {
    if (!this.isString) throw this.wrong('a string')
    return utf8Text(decodeString(this.#text, this.#start).bytes)
  }

  boolean(): boolean {
    const word = latin1(this.#bytes)
    if (word !== 'true' && word !== 'false') throw this.wrong('true or false')
    return word === 'true'
  }

  /** A whole number from 0 up to 2^64, not including it. */
  u64(): bigint {
    return this.#integer(U64_LIMIT)
  }

  /** A whole number from 0 up to, not including, `limit`: 2^32 unless told otherwise. */
  count(limit = 2 ** 32): number {
    return Number(this.#integer(BigInt(limit)))
  }

  /** A whole number below `limit`, or the same as a string of hexadecimal digits: `"0x4b00043b"`. */
  word(limit = U64_LIMIT): bigint {
    if (!this.isString) return this.#integer(limit)
    const digits = this.string()
    if (!/^0x[0-9a-f]{1,16}$/i.test(digits) || BigInt(digits) >= limit) throw this.wrong(`a number below ${limit}`)
    return BigInt(digits)
  }

  #integer(limit: bigint): bigint {
    const digits = latin1(this.#bytes)
    // What is longer is no number of 64 bits, and is not turned into one to see it.
    if (!/^[0-9]{1,20}$/.test(digits)) throw this.wrong(`a whole number below ${limit}`)
    const value = BigInt(digits)
    if (value >= limit) throw this.wrong(`a whole number below ${limit}`)
    return value
  }

  /** What a string says that is JSON itself, in which values can be replaced too. */
  textInside(what: string): JsonValue {
    if (!this.isString) throw this.wrong('a string')
    const text = this.#text
    const { bytes, starts } = decodeString(text, this.#start)
    return JsonValue.#checked({
      bytes,
      what,
      place: (index) => text.place(starts[index]!),
      edit: (start, end, insert) => text.edit(starts[start]!, starts[end]!, insert),
    })
  }

  /** What an array of bytes says that is JSON itself, as `textInside`. */
  bytesInside(what: string): JsonValue {
    const text = this.#text
    const { bytes, places } = this.bytes()
    return JsonValue.#checked({
      bytes,
      what,
      place: (index) => text.place(places[index]?.[0] ?? this.#end - 1),
      edit: (start, end, insert) =>
        text.edit(
          places[start]![0],
          places[end - 1]![1],
          Uint8Array.from(Array.from(insert).join(), (one) => one.charCodeAt(0)),
        ),
    })
  }

  /** An array of bytes, and where each begins and ends in its text. */
  bytes(): { readonly bytes: Uint8Array; readonly places: readonly (readonly [start: number, end: number])[] } {
    const elements = this.elements(LONGEST_BYTES)
    return {
      bytes: Uint8Array.from(elements, (element) => element.count(256)),
      places: elements.map((element) => [element.#start, element.#end]),
    }
  }

  /** The edit of the file that writes another number in the place of this one: digits, or inside of quotes `0x` and hexadecimal ones. */
  replacedBy(value: bigint): Edit {
    const [quotes, digits] = this.isString ? [1, `0x${value.toString(16)}`] : [0, `${value}`]
    return this.#text.edit(
      this.#start + quotes,
      this.#end - quotes,
      Uint8Array.from(digits, (digit) => digit.charCodeAt(0)),
    )
  }

  /** What to throw where something else was expected. */
  wrong(expected: string): FormatError {
    const { what } = this.#text
    return new FormatError(this.offset, `${expected} in ${what}`, quoted(this.#bytes.subarray(0, SHOWN_BYTES)))
  }

  get #first(): number | undefined {
    return this.#text.bytes[this.#start]
  }

  get #bytes(): Uint8Array {
    return this.#text.bytes.subarray(this.#start, this.#end)
  }

  #valueAt(start: number): JsonValue {
    return new JsonValue(this.#text, start, skipValue(this.#text.bytes, start))
  }
}

/** An array of bytes that is read at all: 2^24 of them. */
const LONGEST_BYTES = 2 ** 24
