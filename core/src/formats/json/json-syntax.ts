import { FormatError } from '../format-error.ts'
import { latin1 } from '../stream-reader.ts'

/** Objects and arrays inside each other: no file that is read has more than a dozen. */
export const DEEPEST_JSON = 128

const SPACE = new Set([0x20, 0x09, 0x0a, 0x0d])
export const CHARACTER = {
  quote: 0x22,
  comma: 0x2c,
  minus: 0x2d,
  colon: 0x3a,
  openArray: 0x5b,
  backslash: 0x5c,
  closeArray: 0x5d,
  openObject: 0x7b,
  closeObject: 0x7d,
} as const
const { quote, comma, minus, colon, openArray, backslash, closeArray, openObject, closeObject } = CHARACTER
const ESCAPED = new Set([...'"\\/bfnrt'].map((character) => character.charCodeAt(0)))
const WORDS = ['true', 'false', 'null'].map((word) => Array.from(word, (character) => character.charCodeAt(0)))
const SHOWN_BYTES = 16

/** The bytes of a JSON text, and where they lie in their file. */
export interface JsonBytes {
  readonly bytes: Uint8Array
  /** What the text is, for people. */
  readonly what: string
  /** The byte of the file at which a byte of the text begins, or the end of the text. */
  place(index: number): number
}

/**
 * Checks that `text` is one JSON value and nothing else, without recursion and without keeping anything of it. Whether members of an object
 * have different names is seen by who looks into the object.
 *
 * @returns where the value begins and where it ends.
 * @throws FormatError with the byte of the file that is wrong.
 * @source RFC 8259
 */
export function checkJson(text: JsonBytes): readonly [start: number, end: number] {
  const { bytes } = text
  const closers: number[] = []
  const start = skipSpace(bytes, 0)
  let at = start
  let end = start
  for (;;) {
    at = skipSpace(bytes, at)
    const opened = bytes[at]
    if (opened === openObject || opened === openArray) {
      if (closers.length === DEEPEST_JSON)
        throw wrongJson(text, at, `at most ${DEEPEST_JSON} objects and arrays inside each other`)
      closers.push(opened === openObject ? closeObject : closeArray)
      at = skipSpace(bytes, at + 1)
      if (bytes[at] !== closers.at(-1)) {
        if (opened === openObject) at = checkName(text, at)
        continue
      }
      closers.pop()
      at++
    } else at = checkScalar(text, at)
    end = at
    for (;;) {
      at = skipSpace(bytes, at)
      const closer = closers.at(-1)
      if (closer === undefined) {
        if (at < bytes.length) throw wrongJson(text, at, 'the end of the text')
        return [start, end]
      }
      if (bytes[at] === comma) {
        at = closer === closeObject ? checkName(text, skipSpace(bytes, at + 1)) : at + 1
        break
      }
      if (bytes[at] !== closer) throw wrongJson(text, at, closer === closeObject ? '"," or "}"' : '"," or "]"')
      closers.pop()
      end = ++at
    }
  }
}

/** The end of a member's name and the colon behind it. */
function checkName(text: JsonBytes, at: number): number {
  if (text.bytes[at] !== quote) throw wrongJson(text, at, 'the name of a member')
  const end = skipSpace(text.bytes, checkString(text, at))
  if (text.bytes[end] !== colon) throw wrongJson(text, end, '":"')
  return end + 1
}

function checkScalar(text: JsonBytes, at: number): number {
  const { bytes } = text
  const first = bytes[at]
  if (first === quote) return checkString(text, at)
  if (first === minus || isDigit(first)) return checkNumber(text, at)
  const word = WORDS.find((letters) => letters.every((letter, i) => bytes[at + i] === letter))
  if (word === undefined) throw wrongJson(text, at, 'a value')
  return at + word.length
}

function checkString(text: JsonBytes, start: number): number {
  const { bytes } = text
  for (let at = start + 1; ; at++) {
    const byte = bytes[at]
    if (byte === quote) return at + 1
    if (byte === undefined || byte < 0x20) throw wrongJson(text, at, 'the end of a string')
    if (byte !== backslash) continue
    at++
    if (bytes[at] === 0x75) {
      for (let digit = 0; digit < 4; digit++) {
        at++
        if (!isHexadecimal(bytes[at])) throw wrongJson(text, at, 'four hexadecimal digits')
      }
    } else if (!ESCAPED.has(bytes[at]!)) throw wrongJson(text, at, 'an escaped character')
  }
}

function checkNumber(text: JsonBytes, start: number): number {
  const { bytes } = text
  const digits = (at: number): number => {
    if (!isDigit(bytes[at])) throw wrongJson(text, at, 'a digit')
    let end = at + 1
    while (isDigit(bytes[end])) end++
    return end
  }
  let at = bytes[start] === minus ? start + 1 : start
  at = bytes[at] === 0x30 ? at + 1 : digits(at)
  if (isDigit(bytes[at])) throw wrongJson(text, at, 'a number that does not begin with 0')
  if (bytes[at] === 0x2e) at = digits(at + 1)
  if (((bytes[at] ?? 0) | 0x20) !== 0x65) return at
  const sign = bytes[at + 1]
  return digits(sign === 0x2b || sign === minus ? at + 2 : at + 1)
}

/** The end of the value that begins at `start` of a text that was checked. */
export function skipValue(bytes: Uint8Array, start: number): number {
  let depth = 0
  let at = start
  do {
    const byte = bytes[at]!
    if (byte === quote) at = skipString(bytes, at)
    else {
      if (byte === openObject || byte === openArray) depth++
      else if (byte === closeObject || byte === closeArray) depth--
      at++
      if (depth === 0 && byte !== closeObject && byte !== closeArray) {
        while (isOfScalar(bytes[at])) at++
      }
    }
  } while (depth > 0)
  return at
}

/** The end of the string that begins at `start` of a text that was checked. */
export function skipString(bytes: Uint8Array, start: number): number {
  let at = start + 1
  while (bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1
  return at + 1
}

export function skipSpace(bytes: Uint8Array, start: number): number {
  let at = start
  while (SPACE.has(bytes[at]!)) at++
  return at
}

export function wrongJson(text: JsonBytes, at: number, expected: string): FormatError {
  const found = at >= text.bytes.length ? 'its end' : quoted(text.bytes.subarray(at, at + SHOWN_BYTES))
  return new FormatError(text.place(Math.min(at, text.bytes.length)), `${expected} in ${text.what}`, found)
}

/** Bytes as an error shows them, which makes them safe for a terminal. */
export const quoted = (bytes: Uint8Array): string => `"${latin1(bytes)}"`

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39

export const isHexadecimal = (byte: number | undefined): boolean =>
  isDigit(byte) || (byte !== undefined && (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66)

/** A byte of a number or a word behind its first. */
const isOfScalar = (byte: number | undefined): boolean =>
  byte !== undefined && byte !== comma && byte !== closeObject && byte !== closeArray && !SPACE.has(byte)
