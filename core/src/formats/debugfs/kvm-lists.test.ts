import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesSource, FormatError, readKvmLists } from '../index.ts'

const fixture = (name: string): string => readFileSync(new URL(`../../../../fixtures/live/${name}.txt`, import.meta.url), 'utf8')
const file = (text: string, name = 'vgic-its-state') => ({ name, source: bytesSource(new Uint8Array(Buffer.from(text))) })
const read = (text: string, name?: string) => readKvmLists([file(text, name)])

const its = fixture('unrestorable.vgic-its-state')
const gic = fixture('unrestorable.vgic-state')

describe('vgic-its-state as a real KVM printed it', () => {
  it('has devices by their DeviceIDs, and of each event its LPI, its collection and where that goes', async () => {
    const { itses, lpis } = await read(its, '/sys/kernel/debug/kvm/1-14/vgic-its-state@8080000')
    expect([itses.length, itses[0]!.base, lpis]).toEqual([1, 0x808_0000, undefined])
    const { devices } = itses[0]!
    expect([...devices].map(([id, { eventIdBits, events }]) => [id, eventIdBits, events.size])).toEqual([
      [0x10, 1, 1],
      [0x28, 3, 5],
      [0x100, 2, 3],
    ])
    expect(devices.get(0x28)!.events.get(4)).toEqual({ lpi: 8222, icid: 1, rdBase: 1 })
  })

  it('has them too where the first kernel with it printed DeviceIDs in decimal', async () => {
    const decimal = its.replace(/0x[0-9a-f]+/g, (id) => `${Number(id)}`)
    expect((await read(decimal)).itses).toEqual((await read(its)).itses)
  })

  it('has a collection that is not mapped as one that goes nowhere', async () => {
    const text = its.replace('0     8193        0        1        1', '0     8193        0 4294967295        7')
    expect((await read(text)).itses[0]!.devices.get(0x10)!.events.get(0)).toEqual({ lpi: 8193, icid: 7, rdBase: undefined })
  })

  it.each([
    ['cut in a line', its.slice(0, -3), 'at byte 0x34c: expected the end of a line of a text of vgic-its-state'],
    ['with a device twice', its + its, 'a device that is not there yet, with 2 to 2^16 EventIDs, in a text'],
    ['with an event twice', its.replace('\n       1     8219', '\n       0     8219'), 'an event that is not there yet'],
    ['with an event out of range', its.replace('[0 - 7]', '[0 - 3]'), 'an event that is not there yet'],
    ['with a range that is no power of two', its.replace('[0 - 7]', '[0 - 6]'), '2 to 2^16 EventIDs'],
    ['with what is no LPI', its.replace('8193', '  48'), 'at byte 0x8a: expected an event'],
    ['with another heading', its.replace('COL_ID', 'COLLID'), 'the heading of the events'],
    ['that is none', 'hello\n', 'vgic-its-state: at byte 0x0: expected what debugfs prints as vgic-its-state@BASE'],
    ['that is empty', '', 'expected what debugfs prints'],
  ])('is refused with the byte: one %s', async (_, text, message) => {
    await expect(read(text)).rejects.toThrow(FormatError)
    await expect(read(text)).rejects.toThrow(message)
  })
})

it('a text of debugfs is read or refused, and nothing else, whichever of its bytes are others', async () => {
  const damage = fc.array(fc.tuple(fc.nat(5000), fc.nat(255)), { minLength: 1, maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(its, gic), damage, async (text, bytes) => {
      const copy = Buffer.from(text)
      for (const [at, byte] of bytes) copy[at % copy.length] = byte
      const outcome = await readKvmLists([{ name: 'a', source: bytesSource(copy) }]).catch((error: unknown) => error)
      if (outcome instanceof Error) expect(outcome).toBeInstanceOf(FormatError)
    }),
  )
})

describe('vgic-state as a real KVM printed it', () => {
  it('has the LPIs that are mapped', async () => {
    const { itses, lpis } = await readKvmLists([file(gic, 'a'), file(its, 'b')])
    const events = [...itses[0]!.devices.values()].flatMap(({ events: all }) => [...all.values()])
    expect([...lpis!].sort()).toEqual(events.map(({ lpi }) => lpi).sort())
  })

  it('leaves out those that went while it was printed', async () => {
    const text = gic.replace(/ {7}LPI +(8193) .*/, 'LPI $1 freed')
    expect((await read(text)).lpis!.has(8193)).toBe(false)
  })

  it.each([
    ['of a GICv5', gic.replace('GICv3', 'GICv5'), 'at byte 0x18: expected vgic_model of a GICv3'],
    [
      'without an LPI that it counts',
      gic.replace(/ {7}LPI +8193 .*\n/, ''),
      'expected 9 LPIs in a text of vgic-state, found its end',
    ],
    ['without its counts', gic.replace(/nr_lpis.*\n/, ''), 'nr_lpis'],
    ['with an LPI twice', gic.replace(/( {7}LPI +8193 .*\n)/, '$1$1'), 'an LPI that is not there yet'],
    ['with what is no interrupt', gic.replace(/ {7}LPI +8193 /, '       VPI 8193 '), 'expected an interrupt'],
  ])('is refused with the byte: one %s', async (_, text, message) => {
    await expect(read(text)).rejects.toThrow(message)
  })

  it('is refused a second time', async () => {
    await expect(readKvmLists([file(gic, 'a'), file(gic, 'b')])).rejects.toThrow('b: at byte 0x0: expected vgic-state once')
    await expect(readKvmLists([file(its, 'a'), file(its, 'b')])).rejects.toThrow(
      'b: at byte 0x0: expected vgic-its-state of another ITS',
    )
  })
})
