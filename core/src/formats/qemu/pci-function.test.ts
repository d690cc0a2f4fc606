import { describe, expect, it } from 'vitest'
import type { MsiFunction } from '../../abi/index.ts'
import { bytesSource } from '../byte-source.ts'
import { fixtureText, openFixture } from '../testing/fixtures.ts'
import { someRegisters } from '../testing/stream-writer.ts'
import { msiFunctions } from './pci-function.ts'
import { pciStates } from './pci-state.ts'

const TRANSLATER = 0x08090040n

/** A line of NAME.msix.txt, written by an independent reader. */
interface Seen {
  readonly name: string
  readonly deviceId: number
  readonly enabled: boolean
  readonly table: number
  readonly live: readonly (readonly [data: number, masked: boolean])[]
}

function seenLines(text: string): Seen[] {
  return text.split('\n').flatMap((line) => {
    const [, name, devid, enable, table, entries] =
      /'name': '([^']+)'.*'devid': (\d+).*'msix_enable': (\d+), 'msix_table': (\d+), 'entries': (\[.*?\]),/.exec(line) ?? []
    if (name === undefined) return []
    const pairs = [...entries!.matchAll(/\((\d+), (\d+)\)/g)].map(([, data, control]) => [Number(data), control === '1'] as const)
    return [{ name, deviceId: Number(devid), enabled: enable === '1', table: Number(table), live: pairs }]
  })
}

const seenOf = ({ name, deviceId, enabled, vectors }: MsiFunction): Seen => ({
  name,
  deviceId,
  enabled,
  table: vectors.length,
  live: vectors.filter(({ address }) => address === TRANSLATER).map(({ data, masked }) => [data, masked] as const),
})

describe('the MSI-X state of PCI functions', () => {
  it.each([
    ['wrapped', 10],
    ['wrapped-clean', 10],
    ['scattered-clean', 25],
    ['scattered-unrestorable', 25],
  ])('equals what an independent reader found: %s', async (name, functions) => {
    const seen = seenLines(fixtureText(`${name}.msix.txt`)!)
    const { msi } = await openFixture(name)
    expect(msi.filter(({ kind }) => kind === 'MSI-X').map(seenOf)).toEqual(seen)
    expect(seen.length).toBe(functions)
  })

  it.each([
    ['healthy', 22],
    ['churned', 15],
    ['ghosts', 15],
    ['unrestorable', 13],
  ])('has the live vectors that an independent reader found: %s', async (name, count) => {
    const lines = fixtureText(`${name}.msix.txt`)!.matchAll(/^(\S+) inst.*entries\(off,data,vecctl\): (.*)$/gm)
    const seen = [...lines].flatMap(([, section, entries]) =>
      [...entries!.matchAll(/\('0x[0-9a-f]+', (\d+), (\d+)\)/g)].map(
        ([, data, control]) => `${section} ${data} ${control === '1'}`,
      ),
    )
    const { msi } = await openFixture(name)
    const live = msi.map(seenOf).flatMap((fn) => fn.live.map(([data, masked]) => `${fn.name} ${data} ${masked}`))
    expect(live).toEqual(seen)
    expect(live.length).toBe(count)
  })

  it.each(['healthy', 'qemu10', 'qemu10-mapped-ram', 'live-resent-pages', 'numa', 'scattered-clean', 'unrestorable', 'wrapped'])(
    'has a live vector for each MSI-X interrupt that the guest of %s shows, and no other',
    async (name) => {
      const view = fixtureText(`${name === 'live-resent-pages' ? 'healthy' : name}.guest-view.txt`)!
      const interrupts = view.slice(Math.max(0, view.lastIndexOf('--interrupts')))
      const shown = [...interrupts.matchAll(/ITS-PCI-MSIX?-\w{4}:(\w\w):(\w\w)\.(\d)\s+(\d+) Edge/g)].map(
        ([, bus, slot, fn, event]) => `${parse(bus!) * 256 + parse(slot!) * 8 + Number(fn)}:${event}`,
      )
      const { msi } = await openFixture(name)
      const live = msi
        .filter(({ enabled }) => enabled)
        .flatMap(({ deviceId, vectors }) =>
          vectors.filter(({ address }) => address === TRANSLATER).map(({ data }) => `${deviceId}:${data}`),
        )
      expect(live.sort()).toEqual(shown.sort())
      expect(shown.length).toBeGreaterThan(5)
    },
  )
})

const parse = (hex: string) => Number.parseInt(hex, 16)

/** Configuration space with one capability at 0x40. */
function config(capability: readonly number[], rest: Readonly<Record<number, number>> = {}): Uint8Array {
  const bytes = new Uint8Array(256)
  bytes[0x06] = 0x10
  bytes[0x34] = 0x40
  bytes.set(capability, 0x40)
  for (const [at, value] of Object.entries(rest)) bytes[Number(at)] = value
  return bytes
}

describe('a PCI function', () => {
  const name = '0000:00:02.3/thing'
  const msixTable = new Uint8Array(0)
  const asleep = (power: number, capability: readonly number[]) =>
    msiFunctions(
      [
        {
          name,
          config: config([0x01, 0x50, 0, 0, power, 0], Object.fromEntries(capability.map((byte, i) => [0x50 + i, byte]))),
          msixTable,
        },
      ],
      someRegisters.itses,
    ).map((fn) => fn.asleep)

  it.each([
    ['MSI', [0x05, 0, 1, 0]],
    ['MSI-X', [0x11, 0, 0, 0x80]],
  ])('sleeps in every power state but D0: %s', (_kind, capability) => {
    expect([0, 1, 2, 3, 0x100].map((power) => asleep(power & 0xff, capability)[0])).toEqual([
      undefined,
      true,
      true,
      true,
      undefined,
    ])
  })

  it('whose state cannot be read is there with its DeviceID, unless that cannot be known', () => {
    const bridge = { name: '0000:00:01.0/bridge', config: config([0x10, 0, 0x72, 0], { 14: 1, 25: 0x52 }), msixTable }
    const names = ['0000:00:01.0:03.0/vfio', '0000:00:07.0:00.0/vfio']
    expect(msiFunctions([bridge], someRegisters.itses, names)).toEqual([
      { name: names[0], deviceId: 0x5200, routingId: 0x5218, kind: 'unread', enabled: false, vectors: [] },
    ])
  })

  it('cannot be read where none of its sections holds what a PCI function is, as with VFIO', async () => {
    const section = (device: string, type: string) => ({
      device: {
        name: device,
        instance: 0,
        fields: [{ name: 'data', type, bytes: 300, count: 1, struct: undefined }],
        subsections: [],
      },
      offset: 0,
      bytes: 300,
    })
    const sections = [
      section('0000:00:03.0/virtio-mem-device-early', 'buffer'),
      section('0000:00:03.0/virtio-mem', 'virtio'),
      section('0000:00:04.0/vfio', 'buffer'),
      section('0000:00:05.0/nic', 'pci config'),
      section('mach-virt', 'buffer'),
    ]
    const { states, unread } = await pciStates(bytesSource(new Uint8Array(300)), sections)
    expect([states.map((state) => state.name), unread]).toEqual([
      ['0000:00:03.0/virtio-mem', '0000:00:05.0/nic'],
      ['0000:00:04.0/vfio'],
    ])
  })
})

describe('plain MSI', () => {
  const name = '0000:00:02.3/thing'
  const msixTable = new Uint8Array(0)
  it('has one vector for each that the guest enabled, the number in the low bits of the data', () => {
    const wide = config([0x05, 0, 0xa1, 0x01, 0x40, 0, 0x09, 0x08, 0, 0, 0, 0, 4, 0, 0, 0, 0b10, 0, 0, 0])
    expect(msiFunctions([{ name, config: wide, msixTable }], someRegisters.itses)).toEqual([
      {
        name,
        deviceId: 19,
        kind: 'MSI',
        enabled: true,
        vectors: [4, 5, 6, 7].map((data) => ({
          address: TRANSLATER,
          target: { kind: 'translater', its: 0 },
          data,
          masked: data === 5,
        })),
      },
    ])
  })

  it('may have a 32-bit address and be off', () => {
    const narrow = config([0x05, 0, 0, 0, 0x40, 0, 0x09, 0x08, 7, 0])
    const [fn] = msiFunctions([{ name, config: narrow, msixTable }], someRegisters.itses)
    expect([fn!.enabled, fn!.vectors]).toEqual([
      false,
      [{ address: TRANSLATER, target: { kind: 'translater', its: 0 }, data: 7, masked: false }],
    ])
  })

  it('is not looked for in a list of capabilities that loops, nor behind a bridge that was not saved', () => {
    const looping = config([0x09, 0x40])
    expect(msiFunctions([{ name, config: looping, msixTable }], someRegisters.itses)).toEqual([])
    const msi = config([0x05, 0, 1, 0])
    expect(msiFunctions([{ name: '0000:00:01.0:00.0/thing', config: msi, msixTable }], someRegisters.itses)).toEqual([])
    const bridge = config([0x10, 0, 0x42, 0], { 14: 1, 25: 0x52 })
    const states = [
      { name: '0000:00:01.0:00.0/thing', config: msi, msixTable },
      { name: '0000:00:01.0/bridge', config: bridge, msixTable },
    ]
    expect(msiFunctions(states, someRegisters.itses).map(({ deviceId }) => deviceId)).toEqual([0x5200])
  })
})
