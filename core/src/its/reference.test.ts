import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type CommandName, commandErrors, commands, type Operands } from '../abi/index.ts'
import { Guest, PLACES } from './testing/guest.ts'
import { ReferenceIts } from './testing/reference.ts'

const VCPUS = 3
const FIRST = 8192
/** A priority mask of 0xff, as a CPU interface with five priority bits keeps it. */
const MASK = 0xf8

const often = <T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: odd })
const deviceId = often(fc.constantFrom(0, 1), fc.constantFrom(2, 8191, 8192, 0x10001))
const eventId = often(fc.nat(4), fc.constantFrom(15, 16, 8200, 8201, 0x10000))
const icid = often(fc.nat(3), fc.constantFrom(8191, 8192))
const rdBase = often(fc.nat(VCPUS - 1), fc.constant(VCPUS))
const pintid = often(fc.integer({ min: FIRST, max: FIRST + 7 }), fc.constantFrom(8191, 65535, 65536))

type Step =
  | { readonly does: 'command'; readonly name: CommandName; readonly args: Readonly<Record<string, number | boolean>> }
  | { readonly does: 'msi'; readonly deviceId: number; readonly eventId: number }
  | { readonly does: 'take'; readonly vcpu: number }
  | { readonly does: 'configure'; readonly intid: number; readonly byte: number }

/** Where each run begins: three collections, two devices, four events. */
const beginning: readonly Step[] = [
  ...[0, 1, 2].map((n): Step => ({ does: 'command', name: 'MAPC', args: { icid: n, rdBase: n, valid: true } })),
  ...[0, 1].map(
    (id): Step => ({ does: 'command', name: 'MAPD', args: { deviceId: id, size: 3, ittAddr: PLACES.itts, valid: true } }),
  ),
  ...[0, 1, 2, 3].map((n): Step => {
    return { does: 'command', name: 'MAPTI', args: { deviceId: n & 1, eventId: n, pintid: FIRST + n, icid: n % 3 } }
  }),
]

function command<N extends CommandName>(
  name: N,
  args: { [K in keyof Operands<N>]: fc.Arbitrary<Operands<N>[K]> },
): fc.Arbitrary<Step> {
  const values = fc.record(args as unknown as Record<string, fc.Arbitrary<number | boolean>>)
  return values.map((operands): Step => ({ does: 'command', name, args: operands }))
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 1,
    arbitrary: command('MAPD', {
      deviceId,
      size: fc.constantFrom(1, 3, 3, 3, 13, 16),
      ittAddr: fc.constant(PLACES.itts),
      valid: fc.constantFrom(true, true, true, false),
    }),
  },
  { weight: 4, arbitrary: command('MAPC', { icid, rdBase, valid: fc.constantFrom(true, true, true, false) }) },
  { weight: 10, arbitrary: command('MAPTI', { deviceId, eventId, pintid, icid }) },
  { weight: 1, arbitrary: command('MAPI', { deviceId, eventId, icid }) },
  { weight: 3, arbitrary: command('MOVI', { deviceId, eventId, icid }) },
  { weight: 1, arbitrary: command('MOVALL', { rdBase, rdBase2: rdBase }) },
  { weight: 3, arbitrary: command('DISCARD', { deviceId, eventId }) },
  { weight: 2, arbitrary: command('INT', { deviceId, eventId }) },
  { weight: 3, arbitrary: command('CLEAR', { deviceId, eventId }) },
  { weight: 4, arbitrary: command('INV', { deviceId, eventId }) },
  { weight: 4, arbitrary: command('INVALL', { icid }) },
  { weight: 8, arbitrary: fc.record({ does: fc.constant('msi' as const), deviceId, eventId }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('take' as const), vcpu: fc.nat(VCPUS - 1) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      does: fc.constant('configure' as const),
      intid: fc.integer({ min: FIRST, max: FIRST + 7 }),
      byte: fc.constantFrom(0xa1, 0x21, 0x61, 0x63, 0x20, 0xfd),
    }),
  },
)

it('the device does what a plain reading of its specification does, whatever the guest does', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 150 }), (steps) => {
      const guest = new Guest({ vcpuIds: Array.from({ length: VCPUS }, (_, n) => n) })
      guest.configureAll(FIRST, 8)
      const config = (intid: number) => guest.memory.u8(guest.gic.configAt(intid))
      const reference = new ReferenceIts({ vcpus: VCPUS, deviceIds: 8192, icids: 8192, lpiLimit: 65536, config })
      for (const one of [...beginning, ...steps]) {
        if (one.does === 'msi') expect(guest.msi(one.deviceId, one.eventId)).toBe(reference.msi(one.deviceId, one.eventId))
        else if (one.does === 'take') expect(guest.take(one.vcpu)).toEqual(reference.take(one.vcpu, MASK))
        else if (one.does === 'configure') guest.memory.setU8(guest.gic.configAt(one.intid), one.byte)
        else {
          guest.run(one.name, one.args)
          ;(reference[one.name as keyof typeof reference & CommandName] as (args: unknown) => void).call(reference, one.args)
        }
      }
      expect(mappedBy(guest)).toEqual(mappedIn(reference))
      expect(lpisOf(guest)).toEqual(lpisIn(reference))
      const codes = Object.values(commandErrors).map(({ code }) => code)
      for (const { outcome } of guest.reports) if (outcome.kind === 'refused') expect(codes).toContain(outcome.code)
      expect(guest.reports.every(({ command: known }) => known !== undefined && known.name in commands)).toBe(true)
    }),
    { numRuns: 500 },
  )
})

function mappedBy({ its, gic }: Guest) {
  const devices = new Map<number, unknown>()
  for (let slot = its.devices.first(); slot >= 0; slot = its.devices.after(slot)) {
    const events = new Map<number, unknown>()
    for (let block = its.events.firstBlock(slot); block !== 0; block = its.events.nextBlock(block)) {
      for (let n = 0; n < 8; n++) {
        const index = its.events.blockIndex(block) + 2 * n
        if (its.events.lpi(index) === 0) continue
        const collection = its.events.icid(index)
        events.set(its.events.firstEvent(block) + n, {
          pintid: gic.lpis.intid(its.events.lpi(index)),
          icid: collection < 0 ? undefined : collection,
        })
      }
    }
    devices.set(its.devices.deviceId[slot]!, { bits: its.devices.bits[slot], events: sorted(events) })
  }
  return { devices: sorted(devices), collections: its.collections.order.map((one) => [one, its.collections.target(one)]) }
}

function mappedIn({ devices, collections }: ReferenceIts) {
  const plain = new Map([...devices].map(([id, { bits, events }]) => [id, { bits, events: sorted(events) }]))
  return { devices: sorted(plain), collections: [...collections].map(([one, target]) => [one, target ?? -1]) }
}

function lpisOf({ gic: { lpis } }: Guest) {
  const found: unknown[] = []
  for (let lpi = lpis.first(); lpi !== 0; lpi = lpis.after(lpi)) {
    found.push([lpis.intid(lpi), lpis.target(lpi), lpis.isPending(lpi), lpis.isEnabled(lpi), lpis.priority(lpi)])
  }
  return found
}

function lpisIn({ lpis }: ReferenceIts) {
  return sorted(lpis).map(([intid, { target, pending, enabled, priority }]) => [intid, target ?? -1, pending, enabled, priority])
}

function sorted<T>(map: ReadonlyMap<number, T>): [number, T][] {
  return [...map].sort(([a], [b]) => a - b)
}
