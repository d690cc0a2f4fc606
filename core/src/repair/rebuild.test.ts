import { beforeAll, describe, expect, it } from 'vitest'
import { ENTRY_BYTES, ITE } from '../abi/index.ts'
import { type AuditInput, setScene, viewFrom } from '../audit/index.ts'
import { auditFixture } from '../audit/testing/audit-fixture.ts'
import { COLLECTION_TABLE, PlantedVm, RAM } from '../audit/testing/planted-vm.ts'
import type { Gpa, GuestMemory } from '../memory/index.ts'
import { tableView } from '../tables/index.ts'
import type { RepairOptions } from './index.ts'
import { listTables } from './testing/listed-tables.ts'
import { planOne } from './testing/plan-one.ts'

const names = ['healthy', 'churned', 'before-churn', 'scattered-clean', 'qemu10', 'numa', 'ghosts', 'unrestorable'] as const
const fixtures = new Map<string, AuditInput>()
beforeAll(async () => {
  for (const name of [...names, 'wrapped-clean']) fixtures.set(name, await auditFixture(name))
})
const fixture = (name: string) => fixtures.get(name)!

/** A copy of the VM whose kernel-written pages are blank: no device, no event, no collection; what the guest wrote is there. */
function blanked({ memory, ...rest }: AuditInput): { input: AuditInput; memory: GuestMemory } {
  const copy = memory.fork()
  const view = tableView(rest.registers)
  for (const { at, ittAddr, eventIdBits } of listTables(memory, view)) {
    copy.setWord(at, 0, 0)
    copy.fill(ittAddr, 2 ** eventIdBits * ENTRY_BYTES)
  }
  copy.fill(view.collectionTable.base as Gpa, view.collectionTable.bytes)
  copy.clearDirty()
  return { input: { ...rest, memory: copy }, memory: copy }
}

describe('rebuilding the tables from the history of the command queue', () => {
  it('writes no collection where GITS_BASER1 says that there is no table', () => {
    const vm = new PlantedVm().map(8, { 0: [8192, 0] }).save()
    const [devices, collections] = vm.registers().itses[0]!.baser
    vm.its = { baser: [devices!, collections! & ~(1n << 63n)] }
    vm.memory.fill(COLLECTION_TABLE as Gpa, 64)
    const { writes, obstacles } = planOne(vm.input(), { allow: 'proven', rebuild: true })
    expect([writes.filter(({ kind }) => kind === 'CTE'), obstacles.length > 0]).toEqual([[], true])
  })

  it.each(names)('brings back all that the guest of %s has mapped, from tables that are blank', (name) => {
    const { input } = blanked(fixture(name))
    const plan = planOne(input, { allow: 'proven', rebuild: true })
    expect([plan.before.verdict, plan.after.verdict, plan.obstacles, plan.lost]).toEqual(['corrupts', 'restores', [], []])
    expect(viewFrom(setScene({ ...input, memory: plan.memory }), 'restored')).toEqual(viewFrom(setScene(input), 'guest'))
  })

  it.each(['healthy', 'churned', 'before-churn', 'qemu10', 'numa'] as const)(
    'writes %s bit for bit as its kernel had',
    (name) => {
      const { memory: was } = fixture(name)
      const { input } = blanked(fixture(name))
      const { writes, memory } = planOne(input, { allow: 'proven', rebuild: true })
      const view = tableView(input.registers)
      for (const { at, events } of listTables(was, view)) {
        expect(memory.read(at, ENTRY_BYTES)).toEqual(was.read(at, ENTRY_BYTES))
        for (const event of events) expect(memory.read(event.at, ENTRY_BYTES)).toEqual(was.read(event.at, ENTRY_BYTES))
      }
      expect(writes.every(({ code }) => code === 'rebuild')).toBe(true)
    },
  )

  it('is part of a repair that may do everything', () => {
    const { input } = blanked(fixture('churned'))
    const plan = planOne(input, { allow: 'everything' })
    expect([plan.after.verdict, plan.obstacles, plan.lost]).toEqual(['restores', [], []])
    expect(viewFrom(setScene({ ...input, memory: plan.memory }), 'restored')).toEqual(viewFrom(setScene(input), 'guest'))
  })

  it('changes no word of a table that is right, and only the stale ones of another', () => {
    expect(planOne(fixture('healthy'), { allow: 'proven', rebuild: true }).writes).toEqual([])
    const stale = planOne(fixture('unrestorable'), { allow: 'proven', rebuild: true }).writes
    expect(stale.map(({ id, to }) => [id, ...to])).toEqual(
      ['0x8', '0x10', '0x18', '0x20', '0x28', '0x200'].map((id) => [`DeviceID ${id}`, 0, 0]),
    )
  })

  it('is refused when the queue has gone round', () => {
    expect(() => planOne(fixture('wrapped-clean'), { allow: 'everything', rebuild: true })).toThrow('wrapped, not whole')
  })
})

describe('a rebuild of planted tables', () => {
  const rebuild: RepairOptions = { allow: 'proven', rebuild: true }
  const written = (vm: PlantedVm) => {
    const { writes, obstacles } = planOne(vm.input(), rebuild)
    expect(writes.every(({ proven }) => proven)).toBe(true)
    expect(obstacles.filter(({ says }) => says.includes('that a rebuild'))).toEqual([])
    return writes.map(({ id, because }) => `${id}: ${because}`)
  }

  it('writes devices, events and collections that are missing, and clears what the guest does not have', () => {
    const vm = new PlantedVm()
      .map(16, { 0: [8192, 0], 3: [8193, 1] })
      .cte(1, { valid: false })
      .ite(16, 5, { pintid: 8300, icid: 0 })
      .dte(40, { size: 4, ittAddr: 0x4102_8000 })
    expect(written(vm)).toEqual([
      'DeviceID 0x10: MAPD',
      'DeviceID 0x28: not mapped',
      'collection 1: collection',
      'event 0 of DeviceID 0x10: next in its chain',
      'event 3 of DeviceID 0x10: MAPTI',
      'event 5 of DeviceID 0x10: not mapped',
    ])
  })

  it('leaves the words of an ITT that are no entries', () => {
    const vm = new PlantedVm().map(16, { 0: [8192, 0] }).save()
    expect(written(vm.ite(16, 7, { icid: 1, next: 3 }))).toEqual([])
  })

  it('has the device table visit what it has written', () => {
    const vm = new PlantedVm().map(16, {}).map(24, {}).map(25, {}).unmap(25)
    expect(written(vm)).toEqual(['DeviceID 0x10: next in its chain', 'DeviceID 0x18: MAPD'])
  })

  it('leaves out an event of a collection that the guest has unmapped', () => {
    const vm = new PlantedVm().map(16, { 0: [8192, 0], 1: [8193, 1] }).save()
    expect(written(vm.command('MAPC', { icid: 1, rdBase: 1, valid: false }))).toEqual([
      'end of the list: end of the list',
      'event 0 of DeviceID 0x10: last of its chain',
      'event 1 of DeviceID 0x10: not mapped',
    ])
  })

  it('leaves out a device without a second-level page, and events of an ITT that RAM ends in', () => {
    const end = RAM + 0x400_0000
    const vm = new PlantedVm({ indirect: true })
      .map(16, {}, { bits: 6, ittAddr: end - 0x100 })
      .map(9000, { 0: [8200, 0] })
      .command('MAPTI', { deviceId: 16, eventId: 31, pintid: 8192, icid: 0 })
      .command('MAPTI', { deviceId: 16, eventId: 32, pintid: 8193, icid: 0 })
    vm.dteAt(0)
    expect(written(vm)).toEqual(['DeviceID 0x10: MAPD', 'event 31 of DeviceID 0x10: MAPTI'])
  })

  it('writes no device where there is no device table', () => {
    const vm = new PlantedVm().map(16, { 0: [8192, 0] })
    vm.its = { baser: [0n, ...vm.registers().itses[0]!.baser.slice(1)] }
    expect(written(vm)).toEqual([])
  })
})

describe('events that the table has lost or has otherwise', () => {
  /** healthy, with one event of its last device made something else. */
  function broken(change: (pintid: number) => Parameters<typeof ITE.encode>[0]) {
    const { memory, ...rest } = fixture('healthy')
    const copy = memory.fork()
    const device = listTables(memory, tableView(rest.registers)).findLast(({ events }) => events.length > 1)!
    const { at } = device.events[1]!
    const { lo, hi } = ITE.encode(change(ITE.fields.pintid.get(memory.u32(at), memory.u32((at + 4) as Gpa))))
    copy.setWord(at, lo, hi)
    return { input: { ...rest, memory: copy }, at, was: memory }
  }

  it.each([
    ['cleared', () => ({})],
    ['given another LPI', (pintid: number) => ({ pintid: pintid + 100, next: 1 })],
    ['given an LPI that is none', () => ({ pintid: 77 })],
    ['given a collection that is none', (pintid: number) => ({ pintid, icid: 999, next: 1 })],
    ['made the end of its chain', (pintid: number) => ({ pintid })],
    ['made to point past its ITT', (pintid: number) => ({ pintid, next: 5000 })],
  ])('are written as the guest mapped them when they were %s', (_what, change) => {
    const { input } = broken(change)
    const plan = planOne(input, { allow: 'everything' })
    expect([plan.after.verdict, plan.obstacles, plan.lost]).toEqual(['restores', [], []])
    expect(viewFrom(setScene({ ...input, memory: plan.memory }), 'restored')).toEqual(viewFrom(setScene(input), 'guest'))
  })

  it('are left as they are by a repair that may not write from the queue', () => {
    const { input } = broken(() => ({}))
    expect(planOne(input, { allow: 'proven' })).toMatchObject({ writes: [], after: { verdict: 'corrupts' } })
  })

  it('stand in the way of a repair that mends something else and not them', () => {
    const { input, at } = broken(() => ({}))
    // A stale entry in the slot before, of an event that the guest never mapped.
    const memory = input.memory.fork()
    const device = listTables(memory, tableView(input.registers)).at(0)!
    const free = [...Array(2 ** device.eventIdBits).keys()].find((id) => !device.events.some((event) => event.id === id))!
    const { lo, hi } = ITE.encode({ pintid: 9000, icid: 0, next: 0 })
    memory.setWord((device.ittAddr + free * ENTRY_BYTES) as Gpa, lo, hi)
    const plan = planOne({ ...input, memory }, { allow: 'proven' })
    expect(plan.writes.map((write) => write.at)).not.toContain(at)
    expect(plan.obstacles.map(({ says }) => says)).toEqual([
      '1 live event would stay lost that a rebuild from the command queue may bring back',
    ])
  })
})
