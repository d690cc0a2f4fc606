import { describe, expect, it } from 'vitest'
import { bytesSource } from '../index.ts'
import { Bytes, someRegisters } from '../testing/stream-writer.ts'
import type { DeviceSection } from './device-sections.ts'
import { CAPABILITY, capability, configBytes, u16, u32, u64 } from './pci-config.ts'
import { msiFunctions, msixVectors } from './pci-function.ts'
import { pciStates } from './pci-state.ts'
import type { Field } from './vmdescription.ts'

const OFFSET = 0x80
const NAME = '0000:00:02.0/thing'
const field = (type: string, bytes: number): Field => ({ name: 'f', type, bytes, count: 1, struct: undefined })

/** Configuration space with capabilities: each at its offset, with its bytes behind the pointer to the next. */
function config(capabilities: Readonly<Record<number, readonly [id: number, ...rest: number[]]>>, bytes = 256): Uint8Array {
  const space = new Uint8Array(bytes)
  const places = Object.keys(capabilities).map(Number)
  space[0x06] = 0x10
  space[0x34] = places[0] ?? 0
  places.forEach((at, i) => {
    const [id, ...rest] = capabilities[at]!
    space.set([id, places[i + 1] ?? 0, ...rest], at)
  })
  return space
}
const msix = (vectors: number, control = 0x80): [number, ...number[]] => [0x11, vectors - 1, control | ((vectors - 1) >>> 8)]

describe('the capabilities of a PCI function', () => {
  const three = config({ 64: [0x05], 152: [0x10], 96: [0x11] })

  it('are a list', () => {
    expect([CAPABILITY.msi, CAPABILITY.express, CAPABILITY.msix, 0x01].map((id) => capability(three, id))).toEqual([
      0x40,
      0x98,
      0x60,
      undefined,
    ])
  })

  it('are none without the bit that says so', () => {
    const without = three.slice()
    without[0x06] = 0xef
    expect(capability(without, CAPABILITY.msi)).toBeUndefined()
    expect(capability(new Uint8Array(4), CAPABILITY.msi)).toBeUndefined()
  })

  it('are at whole words behind the header', () => {
    const odd = config({ 65: [0x05] })
    odd.set([0x05, 0], 0x40)
    expect(capability(odd, CAPABILITY.msi)).toBe(0x40)
    const low = config({ 60: [0x05] })
    expect(capability(low, CAPABILITY.msi)).toBeUndefined()
    const next = config({ 64: [0x01], 83: [0x09] })
    next.set([0x05, 0], 0x50)
    expect(capability(next, CAPABILITY.msi)).toBe(0x50)
  })

  it('are 48 at most', () => {
    const places = Array.from({ length: 48 }, (_, i) => [0x40 + 4 * i, [i === 47 ? 0x05 : 0x01]] as const)
    const all = config(Object.fromEntries(places) as Record<number, [number]>)
    expect([capability(all, CAPABILITY.msi), capability(all, CAPABILITY.msix)]).toEqual([0xfc, undefined])
  })

  it('tell how long configuration space is', () => {
    expect([configBytes(three), configBytes(config({ 64: [0x05] }))]).toEqual([4096, 256])
  })
})

it('numbers in configuration space are little-endian, and zeros behind its end', () => {
  const bytes = Uint8Array.of(0xff, 1, 2, 3, 0x84, 5, 6, 7, 0x88)
  expect([u16(bytes, 1), u16(bytes, 8), u16(bytes, 9)]).toEqual([0x201, 0x88, 0])
  expect([u32(bytes, 1), u32(bytes, 5), u32(bytes, 7), u32(bytes, 9)]).toEqual([0x84030201, 0x88070605, 0x8807, 0])
  expect([u64(bytes, 1), u64(bytes, 5)]).toEqual([0x8807060584030201n, 0x88070605n])
})

/** The states in a file in which something lies before and behind them. */
const states = async (name: string, fields: readonly Field[], state: Uint8Array, bytes = state.length) => {
  const section: DeviceSection = { device: { name, instance: 0, fields, subsections: [] }, offset: OFFSET, bytes }
  const file = new Bytes().raw(new Uint8Array(OFFSET).fill(0xcc)).raw(state).raw(new Uint8Array(40_000).fill(0xcc))
  return (await pciStates(bytesSource(file.done()), [section])).states
}
const table = (vectors: number) => Uint8Array.from({ length: vectors * 16 }, (_, i) => i)

describe('the state of a PCI function', () => {
  const space = config({ 64: msix(3) })

  it('is where the types of its fields are, whatever their order', async () => {
    const state = new Bytes()
      .u64(1)
      .raw(table(5))
      .u32(2)
      .raw(space)
      .raw(space.map(() => 1))
      .raw(table(5))
      .done()
    const fields = [
      field('', 8),
      field('msix state', 80),
      field('', 4),
      field('pci config', 256),
      field('pci config', 256),
      field('msix state', 80),
    ]
    expect(await states(NAME, fields, state)).toEqual([{ name: NAME, config: space, msixTable: table(3) }])
  })

  it.each([
    ['of no PCI function', 'ram', [field('pci config', 256)], 256],
    ['without configuration space', NAME, [field('', 256)], 256],
    ['whose configuration space is too short', NAME, [field('pci config', 255)], 255],
    ['that ends in its configuration space', NAME, [field('', 1), field('pci config', 256)], 256],
    ['that ends before it', NAME, [field('', 300), field('pci config', 256)], 256],
  ])('is none %s', async (_, name, fields, bytes) => {
    expect(await states(name, fields, new Uint8Array(600), bytes)).toEqual([])
  })

  it('has 4096 bytes of configuration space and 2048 vectors at most', async () => {
    const large = config({ 64: msix(2048) }, 5000)
    const state = new Bytes().raw(large).raw(table(2050)).done()
    const [found] = await states(NAME, [field('pci config', 5000), field('msix state', 2050 * 16)], state)
    expect(found).toEqual({ name: NAME, config: large.subarray(0, 4096), msixTable: table(2048) })
  })

  it.each([
    ['256 bytes', 0x05, 256],
    ['4096 bytes, for PCI Express', 0x10, 4096],
  ])('of a virtio device begins with a version, then configuration space of %s', async (_, id, bytes) => {
    const head = config({ 64: msix(2), 96: [id] }, bytes)
    const state = new Bytes().u32(2).raw(head).raw(new Uint8Array(16).fill(0xdd)).raw(table(2)).u32(9).done()
    const rest = Uint8Array.from([...table(2), 0, 0, 0, 9])
    expect(await states(NAME, [field('', state.length)], state)).toEqual([])
    expect(await states(NAME, [field('virtio', state.length)], state)).toEqual([{ name: NAME, config: head, msixTable: rest }])
  })

  it.each([
    [259, 0],
    [260, 1],
  ])('of a virtio device is %i bytes long: there are %i', async (bytes, count) => {
    expect((await states(NAME, [field('virtio', bytes)], new Uint8Array(300), bytes)).length).toBe(count)
  })
})

describe('the vectors of a PCI function', () => {
  const TRANSLATER = Uint8Array.of(0x40, 0, 0x09, 0x08, 0, 0, 0, 0)
  const vector = (data: number, masked: number) => Uint8Array.of(...TRANSLATER, data, 0, 0, 0, masked, 0, 0, 0)
  const of = (space: Uint8Array, ...vectors: readonly Uint8Array[]) =>
    msiFunctions([{ name: NAME, config: space, msixTable: Uint8Array.from(Buffer.concat(vectors)) }], someRegisters.itses).map(
      ({ kind, enabled, vectors }) => [kind, enabled, vectors.map(({ data, masked }) => `${data}${masked ? ' masked' : ''}`)],
    )

  it('are as many as its MSI-X table says, up to 2048', () => {
    expect([config({ 64: msix(1) }), config({ 64: msix(2048) }), config({ 64: [0x05] })].map(msixVectors)).toEqual([1, 2048, 0])
  })

  it.each([
    ['on', 0x80, true],
    ['off', 0x00, false],
    ['masked altogether', 0xc0, false],
  ])('are on or off with MSI-X: %s', (_, control, enabled) => {
    expect(of(config({ 64: msix(2, control) }), vector(5, 0), vector(6, 1))).toEqual([['MSI-X', enabled, ['5', '6 masked']]])
  })

  it('are those that the file holds whole', () => {
    expect(of(config({ 64: msix(3) }), vector(5, 0), vector(6, 0).subarray(1))).toEqual([['MSI-X', true, ['5']]])
    expect(of(config({ 64: msix(1) }), vector(5, 0), vector(6, 0))).toEqual([['MSI-X', true, ['5']]])
  })

  it('are those of MSI too when that is on', () => {
    const msi = (control: number): [number, ...number[]] => [0x05, control, 0, 0x40, 0, 0x09, 0x08, 9, 0]
    const space = (control: number) => config({ 64: msix(1, 0), 96: msi(control) })
    expect(of(space(1), vector(5, 0))).toEqual([
      ['MSI-X', false, ['5']],
      ['MSI', true, ['9']],
    ])
    expect(of(space(0), vector(5, 0))).toEqual([['MSI-X', false, ['5']]])
  })

  it('are 32 with MSI at most, masked one by one behind a narrow address', () => {
    const control = [0x01 | (7 << 4), 0x01]
    const space = config({ 64: [0x05, ...control, 0x40, 0, 0x09, 0x08, 0x20, 0x80, 0, 0, 0b100, 0, 0, 0x80] })
    const [[, enabled, vectors]] = of(space) as [[string, boolean, string[]]]
    expect([enabled, vectors.length, vectors[0], vectors[2], vectors[31]]).toEqual([
      true,
      32,
      `${0x8020}`,
      `${0x8022} masked`,
      `${0x803f} masked`,
    ])
  })
})
