import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as abi from './index.ts'
import { bits, flag, type Layout, layout } from './layout.ts'
import { u64 } from './u64.ts'

const layouts = (Object.values(abi) as unknown[]).filter(
  (value): value is Layout<abi.Fields> => typeof value === 'object' && value !== null && 'decode' in value,
)
const word = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })

/** The slow, obvious reading of a field. */
const reference = (w: bigint, f: abi.Field) => Number((w >> BigInt(f.lo)) & ((1n << BigInt(f.hi - f.lo + 1)) - 1n)) * 2 ** f.scale

describe('a layout', () => {
  it.each(layouts.map((l) => [l.name, l] as const))('%s reads every word as BigInt arithmetic does', (_name, l) => {
    fc.assert(
      fc.property(word, (w) => {
        const { lo, hi } = abi.halves(w)
        for (const f of Object.values(l.fields)) expect(f.get(lo, hi)).toBe(reference(w, f))
      }),
    )
  })

  it.each(layouts.map((l) => [l.name, l] as const))('%s encodes what it decoded, outside its reserved bits', (_name, l) => {
    const mask = Object.values(l.fields).reduce((m, f) => m | (((1n << BigInt(f.hi - f.lo + 1)) - 1n) << BigInt(f.lo)), 0n)
    fc.assert(
      fc.property(word, (w) => {
        expect(l.pack(l.unpack(w))).toBe(w & mask)
      }),
    )
  })

  it('takes signed halves as well as unsigned ones', () => {
    expect(abi.DTE.decode(-1, -1)).toEqual(abi.DTE.decode(0xffffffff, 0xffffffff))
    expect(u64(-1, -1)).toBe((1n << 64n) - 1n)
  })

  it('refuses overlapping fields, values that do not fit and names it does not have', () => {
    expect(() => layout('bad', '', { a: bits(7, 0, ''), b: flag(7, '') })).toThrow('overlap')
    expect(() => abi.DTE.encode({ size: 32 })).toThrow('DTE.size cannot hold 32')
    expect(() => abi.DTE.encode({ ittAddr: 0x80 })).toThrow('cannot hold')
    expect(() => abi.DTE.encode({ nonsense: 1 } as never)).toThrow('no field nonsense')
  })
})

describe('a command', () => {
  it.each(Object.keys(abi.commands) as abi.CommandName[])('%s decodes to what was encoded', (name) => {
    const args = Object.fromEntries(
      Object.entries(abi.commands[name].args as abi.CommandShape['args']).map(([key, [, f]]) => {
        return [key, 'flag' in f ? true : (2 ** (f.hi - f.lo + 1) - 1) * 2 ** f.scale]
      }),
    )
    expect(abi.decodeCommand(abi.encodeCommand(name, args as never))).toEqual({ name, args })
  })
})
