import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FormatError } from '../index.ts'
import { decodeBincode, encodeBincode } from './bincode.ts'
import { decodeBitcode, encodeBitcode } from './bitcode.ts'
import {
  array,
  bool,
  boxed,
  bytes,
  extended,
  i8,
  option,
  type SerdeType,
  seq,
  str,
  struct,
  u8,
  u16,
  u32,
  u64,
  variants,
} from './serde-type.ts'
import { vmstateLayouts } from './vmstate-types.ts'

const golden = new URL('../../../../fixtures/bitcode/', import.meta.url)
const files = readdirSync(golden).filter((name) => name.endsWith('.bitcode'))
const read = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, golden)))

/** What `snap` is: a Firecracker's state as far as the GIC, and rows of each kind of number behind it. */
const snap = extended(vmstateLayouts.main.first, { tail: seq(struct({ a: u8, b: i8, c: u16, d: u64, e: bool })) })
const types: Readonly<Record<string, SerdeType>> = { snap, bools: seq(bool), u8: bytes, u16: seq(u16), u64: seq(u64) }
const typeOf = (name: string): SerdeType => types[name.split('.')[0]!]!

const codecs = [
  ['bitcode', decodeBitcode, encodeBitcode],
  ['bincode', decodeBincode, encodeBincode],
] as const

describe('bitcode', () => {
  it('has 28 files of the real crate to be held against', () => {
    expect(files).toHaveLength(28)
  })

  it.each(files)('%s of the real crate is decoded whole, and encoded to the same bytes', (name) => {
    const { value, end } = decodeBitcode(typeOf(name), read(name))
    expect(end).toBe(read(name).length)
    expect(encodeBitcode(typeOf(name), value as never)).toEqual(read(name))
  })

  it('is decoded up to where a shorter tree ends', () => {
    const { value } = decodeBitcode(snap, read('snap.bitcode'))
    const { tail, ...rest } = value
    const first = decodeBitcode(vmstateLayouts.main.first, read('snap.bitcode'))
    expect(first.value).toEqual(rest)
    expect([first.end < read('snap.bitcode').length, tail.length]).toEqual([true, 40])
  })
})

it('bincode of the real crate holds what its bitcode holds', () => {
  const { value, end } = decodeBincode(snap, read('snap.bincode'))
  expect(end).toBe(read('snap.bincode').length)
  expect(value).toEqual(decodeBitcode(snap, read('snap.bitcode')).value)
  expect(encodeBincode(snap, value)).toEqual(read('snap.bincode'))
})

/** A type of everything there is, one of its values, and another tree of the same type. */
const everything = struct({
  flag: bool,
  text: str,
  blob: bytes,
  maybe: option(struct({ only: u32 })),
  list: seq(struct({ kind: variants({ None: null, Some: u16, Pair: array(u8, 2) }), wide: u64, small: i8, words: seq(u32) })),
  fixed: array(u64, 3),
})
const u = (bits: number) => fc.nat({ max: 2 ** bits - 1 })
const values = fc.record({
  flag: fc.boolean(),
  text: fc.string({ unit: 'grapheme' }),
  blob: fc.uint8Array({ maxLength: 600 }),
  maybe: fc.option(fc.record({ only: fc.oneof(u(8), u(31)) })),
  list: fc.array(
    fc.record({
      kind: fc.oneof(
        fc.constant({ is: 'None', value: null } as const),
        fc.record({ is: fc.constant('Some' as const), value: u(16) }),
        fc.record({ is: fc.constant('Pair' as const), value: fc.array(u(8), { minLength: 2, maxLength: 2 }) }),
      ),
      wide: fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 2n ** 40n, max: 2n ** 40n + 100n })),
      small: fc.integer({ min: -128, max: 127 }),
      words: fc.array(fc.oneof(u(4), u(31))),
    }),
    { maxLength: 12 },
  ),
  fixed: fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { minLength: 3, maxLength: 3 }),
})

describe.each(codecs)('%s', (_, decode, encode) => {
  it('gives back whatever was encoded', () => {
    fc.assert(
      fc.property(values, (value) => {
        const written = encode(everything, value)
        expect(decode(everything, written)).toEqual({ value, end: written.length })
      }),
      { numRuns: 60 },
    )
  })

  it('refuses every end before the end', () => {
    const [value] = fc.sample(values, 1)
    const written = encode(everything, value!)
    for (let end = 0; end < written.length; end++) {
      expect(() => decode(everything, written.subarray(0, end))).toThrow(FormatError)
    }
  })

  it('refuses damaged bytes, or reads another value: nothing else comes of them', () => {
    const [value] = fc.sample(values, 1)
    const written = encode(everything, value!)
    fc.assert(
      fc.property(fc.nat(written.length - 1), u(8), (at, byte) => {
        const damaged = written.slice()
        damaged[at] = byte
        try {
          decode(everything, damaged)
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('refuses a tree deeper than any that is balanced', () => {
    const tree: ReturnType<typeof boxed> = boxed(() => struct({ mark: u8, next: option(tree) }))
    const deep = (levels: number): unknown => ({ mark: 1, next: levels === 0 ? null : deep(levels - 1) })
    expect(decode(tree, encode(tree, deep(40)))).toMatchObject({ value: deep(40) })
    const whole = encode(tree, deep(60))
    expect(() => decode(tree, whole)).toThrow('a tree at most 50 deep')
  })
})

/** Little-endian. */
const u64Bytes = (value: bigint): number[] => Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn))

it.each([
  [
    'bincode: a count of 2^60',
    () => decodeBincode(seq(u8), Uint8Array.from(u64Bytes(2n ** 60n))),
    'at byte 0x0: expected a count of elements',
  ],
  [
    'bincode: text of 2^60 bytes',
    () => decodeBincode(str, Uint8Array.from(u64Bytes(2n ** 60n))),
    'at byte 0x0: expected a count of bytes',
  ],
  [
    'bincode: text that is not UTF-8',
    () => decodeBincode(str, Uint8Array.of(...u64Bytes(2n), 0xc3, 0x28)),
    'at byte 0x0: expected text in UTF-8',
  ],
  ['bincode: a boolean of 2', () => decodeBincode(array(bool, 2), Uint8Array.of(1, 2)), 'at byte 0x1: expected false or true'],
  ['bincode: an option of 3', () => decodeBincode(option(u8), Uint8Array.of(3, 0)), 'at byte 0x0: expected none or some'],
  [
    'bincode: a variant that is none',
    () => decodeBincode(variants({ A: null }), Uint8Array.of(1, 0, 0, 0)),
    'at byte 0x0: expected the index of a variant',
  ],
  [
    'bitcode: a length of 2^60',
    () => decodeBitcode(seq(u8), Uint8Array.of(255, 0, ...u64Bytes(2n ** 60n))),
    'at byte 0x0: expected lengths of at most',
  ],
  [
    'bitcode: text of 2^20 bytes',
    () => decodeBitcode(str, Uint8Array.of(255, 0, ...u64Bytes(2n ** 20n))),
    'at byte 0xa: expected a column of 1048576 bytes',
  ],
  ['bitcode: text that is not UTF-8', () => decodeBitcode(str, Uint8Array.of(1, 0xff)), 'at byte 0x1: expected text in UTF-8'],
  [
    'bitcode: a packing that is none',
    () => decodeBitcode(seq(u8), Uint8Array.of(3, 11)),
    'at byte 0x1: expected the packing of bytes',
  ],
  [
    'bitcode: a packing of wide integers that is none',
    () => decodeBitcode(u64, Uint8Array.of(7)),
    'at byte 0x0: expected the packing of integers',
  ],
  [
    'bitcode: a variant that is none',
    () => decodeBitcode(variants({ A: null }), Uint8Array.of(9)),
    'at byte 0x0: expected variants below 1',
  ],
])('%s is refused with its byte', (_, decode, message) => {
  expect(decode).toThrow(FormatError)
  expect(decode).toThrow(message)
})
