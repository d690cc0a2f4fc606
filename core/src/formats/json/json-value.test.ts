import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyEdits, bytesSource, type Edit, FormatError } from '../index.ts'
import { JsonValue } from './json-value.ts'

const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))
const parse = (text: string): JsonValue => JsonValue.of(utf8(text), 'a test')

async function edited(text: string, edits: readonly Edit[]): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of applyEdits(bytesSource(utf8(text)), edits)) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

/** What JSON.parse makes of the same, but for numbers. */
function plain(value: JsonValue): unknown {
  if (value.isNull) return null
  if (value.isString) return value.string()
  if (value.isArray) return value.elements(1000).map(plain)
  if (value.isObject) return Object.fromEntries([...value.members()].map(([name, member]) => [name, plain(member)]))
  try {
    return value.boolean()
  } catch {
    return Number(value.u64())
  }
}

const json = fc.jsonValue({ depthSize: 'small', noUnicodeString: false }).map((value) =>
  // Numbers are read as whole numbers only.
  JSON.parse(JSON.stringify(value, (_, one: unknown) => (typeof one === 'number' ? Math.abs(Math.trunc(one)) % 2 ** 50 : one))),
)

describe('a JSON text', () => {
  it('says what JSON.parse reads in it, however it is spaced', () => {
    fc.assert(
      fc.property(json, fc.constantFrom(0, 1, '\t', ' \n'), (value, space) => {
        expect(plain(parse(JSON.stringify(value, null, space as string)))).toEqual(value)
      }),
    )
  })

  it('is accepted and refused as by JSON.parse, whichever byte of it is another', () => {
    const text = '{"a":[1,-2.5e+3,{"\\u00e9\\n":null},"x\\"\\\\"],"b":[true,false,0.5E1,[]], "c" : {} }'
    const isJson = (bytes: string) => {
      try {
        JSON.parse(bytes)
        return true
      } catch {
        return false
      }
    }
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.integer({ min: 0x20, max: 0x7e }), fc.boolean(), (at, code, isCut) => {
        const other = isCut ? text.slice(0, at) : text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1)
        const open = () => parse(other)
        if (isJson(other)) expect(open, other).not.toThrow()
        else expect(open, other).toThrow(FormatError)
      }),
      { numRuns: 300 },
    )
  })

  it('keeps every bit of an integer of 64 bits, and refuses one of more', () => {
    expect(parse('18446744073709551615').u64()).toBe(2n ** 64n - 1n)
    expect(parse('13258597304096130063').u64()).toBe(13258597304096130063n)
    expect(() => parse('[18446744073709551616]').elements(1)[0]!.u64()).toThrow(
      'at byte 0x1: expected a whole number below 18446744073709551616 in a test, found "18446744073709551616"',
    )
    expect(() => parse('4294967296').count()).toThrow('a whole number below 4294967296')
    for (const text of ['-1', '1.0', '1e3', '"1"', 'null']) expect(() => parse(text).u64(), text).toThrow(FormatError)
  })

  it('is refused where a million arrays are inside each other, without running out of stack', () => {
    expect(() => parse('['.repeat(1e6))).toThrow('at byte 0x80: expected at most 128 objects and arrays inside each other')
    expect(() => parse('{"a":'.repeat(1e6))).toThrow('at most 128 objects and arrays inside each other')
    expect(parse('['.repeat(128) + ']'.repeat(128)).isArray).toBe(true)
  })

  it('is refused where two members of an object have one name', () => {
    expect(() => parse('{"a":1,"\\u0061":2}').members()).toThrow('at byte 0x7: expected members of different names')
  })

  it.each([
    ['{"a":1', 'at byte 0x6: expected "," or "}" in a test, found its end'],
    ['[1 2]', 'at byte 0x3: expected "," or "]" in a test, found "2]"'],
    ['{"a" 1}', 'at byte 0x5: expected ":" in a test, found "1}"'],
    ['{1:1}', 'at byte 0x1: expected the name of a member in a test, found "1:1}"'],
    ['[1] []', 'at byte 0x4: expected the end of the text in a test, found "[]"'],
    ['[01]', 'at byte 0x2: expected a number that does not begin with 0 in a test, found "1]"'],
    ['["\n"]', 'at byte 0x2: expected the end of a string in a test'],
    ['["\\x"]', 'at byte 0x3: expected an escaped character in a test'],
    ['["\\u00g0"]', 'at byte 0x6: expected four hexadecimal digits in a test'],
    ['', 'at byte 0x0: expected a value in a test, found its end'],
  ])('is refused with the byte that is wrong: %j', (text, message) => {
    expect(() => parse(text)).toThrow(message)
  })

  it('has members and elements that say where they are wrong', () => {
    expect(() => parse(' {"a":1}').member('b')).toThrow('at byte 0x1: expected a member "b" in a test, found "{"a":1}"')
    expect(() => parse('[1,2,3]').elements(2)).toThrow('at byte 0x5: expected at most 2 elements')
    expect(() => parse('{"a":"\\ud800"}').member('a').string()).toThrow('both halves of a pair of surrogates')
    expect(() => parse('[256]').bytesInside('more')).toThrow('a whole number below 256')
  })
})

describe('JSON inside JSON', () => {
  const inner = '{"words":[7,4294967295,0]}'
  const asString = JSON.stringify({ state: inner })
  const asBytes = JSON.stringify({ state: [...utf8(inner)] })
  const string = () => parse(asString).member('state').textInside('the state')
  const bytes = () => parse(asBytes).member('state').bytesInside('the state')

  it('is read from a string, and from an array of bytes', () => {
    expect(plain(string())).toEqual({ words: [7, 2 ** 32 - 1, 0] })
    expect(plain(bytes())).toEqual({ words: [7, 2 ** 32 - 1, 0] })
  })

  it('tells where a value lies in the file', () => {
    const [first] = string().member('words').elements(3)
    expect(asString.slice(first!.offset, first!.offset + 2)).toBe('7,')
    const [coded] = bytes().member('words').elements(3)
    expect(asBytes.slice(coded!.offset, coded!.offset + 3)).toBe('55,')
  })

  it('has a number replaced by another, longer or shorter, and nothing else changes', async () => {
    const word = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
    await fc.assert(
      fc.asyncProperty(fc.nat(2), word, async (index, value) => {
        const words = [7n, 2n ** 32n - 1n, 0n].with(index, value)
        const expected = `{"words":[${words.join()}]}`
        const of = (root: JsonValue) => [root.member('words').elements(3)[index]!.replacedBy(value)]
        expect(await edited(asString, of(string()))).toBe(JSON.stringify({ state: expected }))
        expect(await edited(asBytes, of(bytes()))).toBe(JSON.stringify({ state: [...utf8(expected)] }))
        expect(await edited(inner, of(parse(inner)))).toBe(expected)
      }),
    )
  })

  it('is refused with the byte of the file at which it is wrong', () => {
    const damaged = asString.replace('words', 'w\\u006frds').replace('4294967295', '42949x67295')
    expect(() => parse(damaged).member('state').textInside('the state')).toThrow(
      `at byte 0x${damaged.indexOf('x67').toString(16)}: expected "," or "]" in the state, found "x67295,0]}"`,
    )
    expect(() => parse('[91]').bytesInside('the state')).toThrow('at byte 0x3: expected a value in the state, found its end')
  })
})
