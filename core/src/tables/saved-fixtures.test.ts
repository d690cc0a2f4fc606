import { describe, expect, it } from 'vitest'
import { profiles } from '../abi/index.ts'
import { fixtureText, openFixture, streamFixtures } from '../formats/testing/fixtures.ts'
import { footprint, objections, sweepTables, tableView, walkTables } from './index.ts'
import { newest, Seen } from './testing/planted.ts'

async function openTables(name: string) {
  const machine = await openFixture(name)
  const memory = machine.memory()
  let bytes = 0
  for (let ranges = footprint(memory, machine.registers); ranges.length > 0; ranges = footprint(memory, machine.registers)) {
    await machine.load(memory, ranges)
    bytes += ranges.reduce((sum, range) => sum + range.bytes, 0)
  }
  return { memory, view: tableView(machine.registers), bytes }
}

interface IndependentReading {
  readonly devices: readonly { devid: number; events: readonly { event: number; lpi: number }[] }[]
  readonly restore_walk: Readonly<Record<string, readonly (readonly [event: number, lpi: number, icid: number])[]>>
}

const reading = (name: string): IndependentReading => JSON.parse(fixtureText(`${name}.tables.json`)!)

describe.each(streamFixtures)('the tables of the real VM %s', (name) => {
  it('are read whole in a few rounds, without the rest of RAM', async () => {
    const { memory, view, bytes } = await openTables(name)
    expect(walkTables(memory, view, newest, new Seen()).cut).toBeUndefined()
    expect(bytes).toBeLessThan(2 ** 21)
  })
})

describe.each(streamFixtures.filter((name) => fixtureText(`${name}.tables.json`)))('the real VM %s', (name) => {
  it('holds the entries that an independent reader found', async () => {
    const { memory, view } = await openTables(name)
    const seen: string[] = []
    const event = (deviceId: number, eventId: number) => seen.push(`${deviceId}:${eventId}`)
    sweepTables(memory, view, { collection: () => {}, device: () => {}, event })
    const valid = reading(name).devices.flatMap(({ devid, events }) =>
      events.filter(({ lpi }) => lpi !== 0).map((entry) => `${devid}:${entry.event}`),
    )
    expect(seen).toEqual(valid)
  })
})

describe('what a restore brings back of real VMs', () => {
  it.each([
    ['healthy', 9, 22],
    ['churned', 7, 15],
    ['before-churn', 10, 25],
    ['ghosts', 8, 19],
    ['unrestorable.repaired', 4, 13],
    ['scattered-clean', 25, 114],
    ['scattered-partly-repaired', 14, 60],
    ['wrapped-clean', 7, 15],
    ['wrapped', 8, 19],
    ['numa', 3, 6],
    ['qemu10', 10, 24],
    ['live-resent-pages', 9, 22],
    ['postcopy', 9, 22],
  ])('%s: %i devices, %i events', async (name, devices, events) => {
    const { memory, view } = await openTables(name)
    const seen = new Seen()
    expect(walkTables(memory, view, newest, seen)).toMatchObject({ objection: undefined, devices, events })
    if (fixtureText(`${name}.tables.json`) === undefined) return
    const walk = Object.entries(reading(name).restore_walk)
    expect(seen.devices).toEqual(walk.map(([deviceId]) => Number(deviceId)))
    expect(seen.events).toEqual(walk.flatMap(([deviceId, list]) => list.map(([eventId]) => `${deviceId}:${eventId}`)))
  })

  it('scattered-unrestorable: EINVAL at device 20992 event 0, after 10 devices, as real KVM', async () => {
    const { memory, view } = await openTables('scattered-unrestorable')
    const seen = new Seen()
    const { objection } = walkTables(memory, view, newest, seen)
    expect(objection).toMatchObject({ where: { what: 'ITE', deviceId: 20992, eventId: 0 } })
    expect(objections[objection!.name].errno).toBe('EINVAL')
    expect(seen.devices).toHaveLength(10)
  })

  it('unrestorable: EINVAL under every kernel', async () => {
    const { memory, view } = await openTables('unrestorable')
    for (const { quirks } of Object.values(profiles)) {
      const { objection } = walkTables(memory, view, quirks, new Seen())
      expect(objections[objection!.name].errno).toBe('EINVAL')
    }
  })
})
