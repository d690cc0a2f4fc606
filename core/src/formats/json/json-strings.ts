import { CHARACTER, type JsonBytes, wrongJson } from './json-syntax.ts'

/** What a string says, as UTF-8. */
export interface DecodedString {
  readonly bytes: Uint8Array
  /** Where in its text each of these bytes comes from, and behind the last where the string's closing quote is. */
  readonly starts: Uint32Array
}

const SHORT: Readonly<Record<string, number>> = { b: 0x08, f: 0x0c, n: 0x0a, r: 0x0d, t: 0x09 }
const UNICODE = 'u'.charCodeAt(0)
const SURROGATE = { high: 0xd800, low: 0xdc00, end: 0xe000 } as const
/** Characters of an escape like \u0041. */
const ESCAPE_CHARACTERS = 6

/** The string that begins at `start` of a text that was checked. @throws FormatError for half of a pair of surrogates. */
export function decodeString(text: JsonBytes, start: number): DecodedString {
  const { bytes } = text
  let end = start + 1
  while (bytes[end] !== CHARACTER.quote) end += bytes[end] === CHARACTER.backslash ? 2 : 1
  const decoded = new Uint8Array(end - start)
  const starts = new Uint32Array(end - start + 1)
  let length = 0
  const put = (at: number, made: readonly number[]) => {
    for (const byte of made) {
      starts[length] = at
      decoded[length++] = byte
    }
  }
  for (let at = start + 1; at < end; ) {
    const byte = bytes[at]!
    if (byte !== CHARACTER.backslash) {
      starts[length] = at++
      decoded[length++] = byte
    } else if (bytes[at + 1] !== UNICODE) {
      put(at, [SHORT[String.fromCharCode(bytes[at + 1]!)] ?? bytes[at + 1]!])
      at += 2
    } else {
      const [code, characters] = escapedCode(text, at)
      put(at, utf8(code))
      at += characters
    }
  }
  starts[length] = end
  return { bytes: decoded.subarray(0, length), starts: starts.subarray(0, length + 1) }
}

/** The code point of the escape at `at`, and how many characters tell it. */
function escapedCode(text: JsonBytes, at: number): [code: number, characters: number] {
  const first = unit(text, at)
  if (first < SURROGATE.high || first >= SURROGATE.end) return [first, ESCAPE_CHARACTERS]
  const next = at + ESCAPE_CHARACTERS
  const isEscape = text.bytes[next] === CHARACTER.backslash && text.bytes[next + 1] === UNICODE
  const second = isEscape ? unit(text, next) : 0
  if (first >= SURROGATE.low || second < SURROGATE.low || second >= SURROGATE.end) {
    throw wrongJson(text, at, 'both halves of a pair of surrogates')
  }
  return [0x1_0000 + (first - SURROGATE.high) * 0x400 + (second - SURROGATE.low), 2 * ESCAPE_CHARACTERS]
}

const unit = ({ bytes }: JsonBytes, at: number): number =>
  Number.parseInt(String.fromCharCode(...bytes.subarray(at + 2, at + ESCAPE_CHARACTERS)), 16)

function utf8(code: number): number[] {
  if (code < 0x80) return [code]
  const tail = (shift: number): number => 0x80 | ((code >> shift) & 0x3f)
  if (code < 0x800) return [0xc0 | (code >> 6), tail(0)]
  if (code < 0x1_0000) return [0xe0 | (code >> 12), tail(6), tail(0)]
  return [0xf0 | (code >> 18), tail(12), tail(6), tail(0)]
}

/** UTF-8 as text. What is none stands as U+FFFD. */
export function utf8Text(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at]!
    const more = first < 0x80 ? 0 : first < 0xc2 ? -1 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : -1
    const tail = more < 1 ? [] : [...bytes.subarray(at + 1, at + 1 + more)]
    const code = tail.reduce((sum, byte) => sum * 64 + (byte & 0x3f), more < 1 ? first : first & (0x3f >> more))
    const isWhole = more >= 0 && tail.length === more && tail.every((byte) => byte >> 6 === 2) && utf8(code).length === more + 1
    text += String.fromCodePoint(isWhole && (code < SURROGATE.high || code >= SURROGATE.end) && code < 0x11_0000 ? code : 0xfffd)
    at += isWhole ? more + 1 : 1
  }
  return text
}
