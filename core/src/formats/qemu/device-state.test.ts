import { describe, expect, it } from 'vitest'
import { VIRT_ITS } from '../../abi/index.ts'
import { FormatError } from '../index.ts'
import { Bytes } from '../testing/stream-writer.ts'
import type { DeviceSection } from './device-sections.ts'
import { DeviceState, fieldsOf } from './device-state.ts'
import { redistributors, savedItses } from './gic-state.ts'
import type { Description, Field, Subsection } from './vmdescription.ts'

/** Where the states lie in their file. */
const OFFSET = 0x1000
const field = (name: string, bytes: number, count = 1, struct?: Description): Field => ({ name, type: '', bytes, count, struct })
const sub = (name: string, ...fields: readonly Field[]): Subsection => ({ name, fields, subsections: [] })

function section(name: string, fields: readonly Field[], subsections: readonly Subsection[] = [], instance = 0): DeviceSection {
  return { device: { name, instance, fields, subsections }, offset: OFFSET, bytes: 0 }
}
const stateOf = (bytes: Bytes, of: DeviceSection) => new DeviceState(of, bytes.done())

/** A word, three structures of two members, two words, and two subsections. */
const things = section(
  'thing',
  [field('word', 4), field('each', 12, 3, { fields: [field('x', 4), field('y', 8)], subsections: [] }), field('pair', 8, 2)],
  [sub('thing/one', field('z', 4)), sub('thing/three', field('z', 4), field('w', 8))],
)
const someThings = () => {
  const out = new Bytes().u32(1)
  for (const n of [1, 2, 3]) out.u32(n).u64(2n ** 40n * BigInt(n))
  out.u64(11).u64(12)
  out.u8(5).name('thing/one').u32(1).u32(21)
  return out.u8(5).name('thing/three').u32(1).u32(31).u64(32)
}

describe('the fields of a device', () => {
  it('lie one after the other, those of structures in each of them, those of subsections behind their headers', () => {
    expect([...fieldsOf(things)].map(({ path, at }) => [path, at])).toEqual([
      ['word', 0],
      ['each', 4],
      ['each.x', 4],
      ['each.y', 8],
      ['each.x', 16],
      ['each.y', 20],
      ['each.x', 28],
      ['each.y', 32],
      ['pair', 40],
      ['thing/one.z', 56 + 15],
      ['thing/three.z', 56 + 15 + 4 + 17],
      ['thing/three.w', 56 + 15 + 4 + 17 + 4],
    ])
  })

  it.each([
    ['word', 4, [1n]],
    ['each.x', 4, [1n, 2n, 3n]],
    ['each.y', 8, [2n ** 40n, 2n ** 41n, 3n * 2n ** 40n]],
    ['pair', 8, [11n, 12n]],
    ['thing/one.z', 4, [21n]],
    ['thing/three.z', 4, [31n]],
    ['thing/three.w', 8, [32n]],
    ['none', 4, []],
  ] as const)('are read by their names: %s', (path, bytes, values) => {
    expect(stateOf(someThings(), things).integers(path, bytes)).toEqual(values)
  })

  it('are one where one is asked for', () => {
    const state = stateOf(someThings(), things)
    expect([state.integer('word', 4), state.name, state.instance, state.offset(5)]).toEqual([1n, 'thing', 0, OFFSET + 5])
    expect(() => state.integer('none', 4)).toThrow('expected one field none in the state of thing, found none')
    expect(() => state.integer('pair', 8)).toThrow('expected one field pair in the state of thing, found several')
  })

  it('are refused where they have another size, or lie behind the end', () => {
    const state = stateOf(someThings(), things)
    expect(() => state.integers('pair', 4)).toThrow('at byte 0x1028: expected 4 bytes of pair in the state of thing, found 8')
    const cut = (bytes: number) => new DeviceState(things, someThings().done().subarray(0, bytes))
    expect(cut(56).integers('pair', 8)).toEqual([11n, 12n])
    expect(() => cut(55).integers('pair', 8)).toThrow('at byte 0x1028: expected pair in the state of thing, found the end')
  })

  it('are a million at most', () => {
    const many = section('many', [field('a', 0, 1e6, { fields: [field('b', 0)], subsections: [] })])
    const all = () => {
      for (const _ of fieldsOf(many));
    }
    expect(all).toThrow('at byte 0x1000: expected at most 1000000 fields in the state of many')
  })
})

const itsFields = [
  field('ctlr', 4),
  field('iidr', 4),
  field('cbaser', 8),
  field('cwriter', 8),
  field('creadr', 8),
  field('baser', 8, 8),
]

function its(instance: number, { iidr = 0x4b00043b, basers = 8 } = {}): DeviceState {
  const out = new Bytes().u32(instance).u32(iidr).u64(3).u64(4).u64(5)
  for (let n = 0; n < basers; n++) out.u64(0x100 + n)
  const fields = basers === 8 ? itsFields : [...itsFields.slice(0, -1), field('baser', 8, basers)]
  return stateOf(out, section('arm_gicv3_its', fields, [], instance))
}

describe('the state of the ITSes', () => {
  const of = (ctlr: number, base: number | undefined) => ({
    ctlr,
    iidr: 0x4b00043b,
    cbaser: 3n,
    cwriter: 4n,
    creadr: 5n,
    baser: [0, 1, 2, 3, 4, 5, 6, 7].map((n) => BigInt(0x100 + n)),
    base,
  })

  it('is in the order of their instances, whatever that of the file; the first one is that of the virt machine', () => {
    expect(savedItses([its(1), its(2), its(0)])).toEqual([of(0, VIRT_ITS), of(1, undefined), of(2, undefined)])
  })

  it.each([
    ['an instance is missing', [its(0), its(2)], 'expected instance 1 of arm_gicv3_its, found instance 2'],
    ['one has no IIDR', [its(0, { iidr: 0 })], "expected GITS_IIDR of KVM's ITS, found 0"],
    ['one has seven BASERs', [its(0, { basers: 7 })], 'expected 8 GITS_BASER registers, found 7'],
    ['one has nine BASERs', [its(0, { basers: 9 })], 'expected 8 GITS_BASER registers, found 9'],
  ])('is refused where %s', (_, states, message) => {
    expect(() => savedItses(states)).toThrow(FormatError)
    expect(() => savedItses(states)).toThrow(message)
  })
})

describe('the state of the redistributors', () => {
  /** A GIC with so many of each register. */
  const gic = (ctlrs: number, propbasers: number, pendbasers: number) => {
    const fields = (name: string, bytes: number, count: number) => Array.from({ length: count }, () => field(name, bytes))
    const cpu = {
      fields: [
        ...fields('gicr_ctlr', 4, ctlrs),
        ...fields('gicr_propbaser', 8, propbasers),
        ...fields('gicr_pendbaser', 8, pendbasers),
      ],
      subsections: [],
    }
    const out = new Bytes()
    for (let n = 0; n < ctlrs; n++) out.u32(0x10 + n)
    for (let n = 0; n < propbasers; n++) out.u64(0x20 + n)
    for (let n = 0; n < pendbasers; n++) out.u64(0x30 + n)
    return stateOf(out, section('arm_gicv3', [field('cpu', out.length, 1, cpu)]))
  }

  it('is one for each vCPU', () => {
    expect(redistributors(gic(2, 2, 2))).toEqual([
      { vcpuId: 0, ctlr: 0x10, propbaser: 0x20n, pendbaser: 0x30n },
      { vcpuId: 1, ctlr: 0x11, propbaser: 0x21n, pendbaser: 0x31n },
    ])
  })

  it.each([
    [0, 0, 0],
    [2, 1, 2],
    [2, 2, 1],
    [1, 2, 2],
    [513, 513, 513],
  ])('is refused with %i, %i and %i of the registers', (...counts) => {
    expect(() => redistributors(gic(...counts))).toThrow('the registers of 1 to 512 redistributors')
  })
})
