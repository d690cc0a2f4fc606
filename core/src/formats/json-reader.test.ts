import { describe, expect, it } from 'vitest'
import { FormatError } from './index.ts'
import { JsonReader, parseJson } from './json-reader.ts'

const json = new JsonReader(0x20, 'a test')
const asCount = (value: unknown) => json.count(value, 10)
const asWord = (value: unknown) => json.oneOf(value, ['one', 'two'])
const object = (value: unknown) => json.object(value)
const array = (value: unknown) => json.array(value)
const text = (value: unknown) => json.string(value)
const boolean = (value: unknown) => json.boolean(value)
const u64 = (value: unknown) => json.u64(value)

describe('a value of JSON from a file', () => {
  it.each<[string, (value: unknown) => unknown, readonly unknown[]]>([
    ['an object', object, [{}, { a: 1 }]],
    ['an array', array, [[], [1]]],
    ['a short string', text, ['', 'a', 'a'.repeat(255)]],
    ['one of some words', asWord, ['one', 'two']],
    ['true or false', boolean, [true, false]],
    ['a count below a limit', asCount, [0, 9]],
  ])('is given as it is when it is %s', (_, taken, values) => {
    expect(values.map(taken)).toEqual(values)
  })

  it('is a u64 in hexadecimal', () => {
    expect(['0x0', '0x1f', '0xffffffffffffffff'].map(u64)).toEqual([0n, 0x1fn, 2n ** 64n - 1n])
  })

  it.each<[string, (value: unknown) => unknown, readonly unknown[]]>([
    ['an object', object, [undefined, null, 5, 'a', []]],
    ['an array', array, [undefined, null, 5, 'ab', {}]],
    ['a short string', text, [undefined, null, 5, ['a'], 'a\n', '\u00e4', 'a'.repeat(256)]],
    ['one or two', asWord, [undefined, null, '', 'three', ['one']]],
    ['true or false', boolean, [undefined, null, 0, 'true']],
    ['a count', asCount, [undefined, null, '5', -1, 0.5, 10, 11]],
    ['a hexadecimal number', u64, [undefined, 5, '', '5', '0x', 'x0x5', '0x5 ', '0x5g', '0xA', ['0x5'], '0x10000000000000000']],
  ])('is refused where %s should be', (expected, taken, values) => {
    for (const value of values) {
      expect(() => taken(value), String(value)).toThrow(FormatError)
      expect(() => taken(value), String(value)).toThrow(`at byte 0x20: expected ${expected} in a test, found `)
    }
  })

  it('counts up to 32 bits unless told otherwise', () => {
    expect(json.count(2 ** 32 - 1)).toBe(2 ** 32 - 1)
    expect(() => json.count(2 ** 32)).toThrow('a count')
  })

  it.each([
    [undefined, 'nothing'],
    [null, 'something else'],
    [{ a: 1 }, 'something else'],
    [5, '5'],
    ['a', '"a"'],
    ['a'.repeat(200), `"${'a'.repeat(79)}`],
  ])('is shown as far as an error can show it: %j', (found, shown) => {
    expect(json.wrong('more', found)).toMatchObject({ offset: 0x20, expected: 'more in a test', found: shown })
  })
})

describe('text', () => {
  it('is what it says as JSON, or nothing', () => {
    expect(['{"a":[1]}', 'null', '', '{'].map(parseJson)).toEqual([{ a: [1] }, null, undefined, undefined])
  })
})
