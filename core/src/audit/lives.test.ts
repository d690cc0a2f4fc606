import { describe, expect, it } from 'vitest'
import { COMMAND_BYTES, DTE_NEXT_CAP, encodeCommand } from '../abi/index.ts'
import type { Gpa } from '../memory/index.ts'
import { readHistory, setScene } from './index.ts'
import { PlantedVm, QUEUE } from './testing/planted-vm.ts'

type Life = NonNullable<Parameters<typeof readHistory>[2]>

const small = () => new PlantedVm({ queuePages: 1 })
const offset = (slot: number) => BigInt(slot * COMMAND_BYTES)
/** The history of a ring as it is when CREADR and CWRITER stand at these slots. */
const read = (vm: PlantedVm, life: Life = {}, creadr?: number, cwriter = creadr) => {
  const [its] = vm.registers().itses
  const at = creadr === undefined ? {} : { creadr: offset(creadr), cwriter: offset(cwriter!) }
  const history = readHistory(vm.memory, { ...its!, ...at }, life)
  const mapped = [...history.devices.values()].filter((device) => device.mapped).map(({ deviceId }) => deviceId)
  return { ...history, mapped }
}
const one = { 0: [8192, 0] } as const

describe('a ring whose CWRITER is behind its CREADR', () => {
  it('tells what lies between the two, and what waits goes on at slot 0', () => {
    const vm = small().map(8, one).map(16, one)
    for (let slot = 6; slot < 128; slot++) vm.command('INV', { deviceId: slot < 100 ? 8 : 16, eventId: 0 })
    const { state, commands, pending, touched, mapped } = read(vm, {}, 100, 2)
    expect([state, commands, pending, touched, mapped]).toEqual(['wrapped', 98, 30, new Set([16]), [8, 16]])
  })
})

describe('a ring of which nothing is executed', () => {
  it('is empty when it begins with what waits, and nothing lies behind that', () => {
    const vm = small().map(8, one)
    expect(read(vm, {}, 0, 4)).toMatchObject({ state: 'empty', commands: 0, pending: 4, touched: new Set([8]), mapped: [] })
    expect(read(vm, {}, 0, 3)).toMatchObject({ state: 'restarted', commands: 1, pending: 3 })
    expect(read(vm, {}, 0)).toMatchObject({ state: 'restarted', commands: 4, mapped: [8] })
  })
})

describe('a ring that goes on behind CWRITER', () => {
  it('is of two lives when the second has mapped something, though it may have unmapped it again in part', () => {
    const vm = small().map(8, one).map(16, one).map(24, one).beginAnew()
    expect(read(vm)).toMatchObject({ state: 'restarted', mapped: [] })
    vm.map(32, one).map(40, {})
    expect(read(vm)).toMatchObject({ state: 'whole', mapped: [32, 40] })
    vm.unmap(32)
    expect(read(vm)).toMatchObject({ state: 'whole', mapped: [40] })
  })

  it('is of two lives when a single command is left of the first', () => {
    expect(read(small().command('SYNC', {}), {}, 2).state).toBe('restarted')
  })

  it('has of the first life only those collections that events of the second are in', () => {
    const vm = small()
      .command('MAPC', { icid: 5, rdBase: 1, valid: true })
      .command('MAPC', { icid: 6, rdBase: 1, valid: true })
      .map(8, { 0: [8192, 5] })
      .map(16, { 0: [8193, 6] })
      .beginAnew()
    const collections = (life: Life = {}) => [...read(vm, life).collections.keys()].sort()
    expect(collections()).toEqual([0, 1])
    expect(collections({ isCurrent: ({ deviceId }) => deviceId === 8 })).toEqual([0, 1, 5])
    expect(collections({ denies: () => true })).toEqual([0, 1, 5, 6])
  })

  it('has of the first life only what KVM can have had mapped when it saved', () => {
    const vm = small().map(8, one).map(16, one).map(24, one).unmap(24)
    const { mapped, devices } = read(vm, { canBeMapped: (deviceId) => deviceId === 16 }, 0)
    expect([mapped, devices.get(24)?.mapped]).toEqual([[16], false])
    expect(read(vm, {}, 0).mapped).toEqual([8, 16])
    expect(read(vm, { denies: () => true }, 2).mapped).toEqual([8, 16])
    expect(read(vm, {}, 2).mapped).toEqual([])
  })
})

describe('a ring of which KVM saved no collection that the guest mapped before slot 0 was written again', () => {
  const vm = () => small().map(8, one).map(16, one)
  const saved = (...icids: number[]) => ({ icids: new Set(icids) })

  it('has nothing of what it held before, when nothing is executed since', () => {
    const { state, mapped, collections, doubted } = read(vm(), saved(), 0)
    expect([state, mapped, [...collections.keys()], [...doubted.values()]]).toEqual([
      'restarted',
      [],
      [],
      ['R-ring-restart', 'R-ring-restart'],
    ])
    expect(read(vm(), saved(0), 0)).toMatchObject({ state: 'restarted', mapped: [8, 16] })
  })

  it('has nothing of that when the guest maps a device first, and not a collection', () => {
    const anew = vm()
    const command = encodeCommand('MAPD', { deviceId: 24, size: 4, ittAddr: anew.itt(24), valid: true })
    anew.memory.write(QUEUE as Gpa, new Uint8Array(command.buffer))
    expect(read(anew, saved(), 1)).toMatchObject({ state: 'restarted', mapped: [24] })
    expect(read(anew, saved(0, 1), 1)).toMatchObject({ state: 'restarted', mapped: [8, 16, 24] })
    expect(read(anew, { ...saved(), isCurrent: ({ deviceId }) => deviceId === 8 }, 1).mapped).toEqual([8, 24])
  })
})

describe('a ring that does not explain itself', () => {
  const nothing = { canBeMapped: () => false }

  it('has what it maps, whatever the tables say, when nothing lies behind CWRITER', () => {
    const vm = small().map(8, one).command('INT', { deviceId: 24, eventId: 0 })
    expect(read(vm, nothing)).toMatchObject({ state: 'restarted', mapped: [8] })
    expect(read(vm)).toMatchObject({ state: 'restarted', mapped: [8] })
  })

  it('has what it maps, whatever the tables say, when it has gone round', () => {
    expect(read(small().goRound().map(8, one), nothing)).toMatchObject({ state: 'wrapped', mapped: [8] })
  })

  it('begins with a MAPC that unmaps', () => {
    const vm = small().map(8, { 0: [8192, 1] })
    vm.memory.write(QUEUE as Gpa, new Uint8Array(encodeCommand('MAPC', { icid: 0, valid: false }).buffer))
    expect(read(vm).state).toBe('restarted')
  })
})

describe('the collections that KVM saved', () => {
  const unmapping = () => small().map(8, one).command('MAPC', { icid: 1, valid: false })
  it.each([
    ['those of this ring', small().map(8, one), [0, 1], 'whole'],
    ['those of this ring and more', small().map(8, one), [0, 1, 2], 'restarted'],
    ['not those of this ring', small().map(8, one), [2, 3], 'whole'],
    ['only some of this ring, and more', small().map(8, one), [0, 2], 'whole'],
    ['those that it has not unmapped', unmapping(), [0], 'whole'],
    ['those that it has not unmapped, and more', unmapping(), [0, 2], 'restarted'],
    ['those that it has unmapped as well', unmapping(), [0, 1], 'whole'],
  ])(
    'tell of a beginning that is lost when there are more than the ring has, and none of those is missing: %s',
    (_what, vm, icids, state) => {
      expect(read(vm, { icids: new Set(icids) }).state).toBe(state)
    },
  )
})

describe('a ring with what no guest sends', () => {
  it('is not readable when CREADR or CWRITER is behind its end', () => {
    const vm = small().map(8, one)
    for (const [creadr, cwriter] of [
      [128, 4],
      [4, 128],
      [200, 200],
    ] as const) {
      expect(read(vm, {}, creadr, cwriter)).toMatchObject({ state: 'unreadable', commands: 0, mapped: [] })
    }
    expect(read(small().goRound(), {}, 127).state).toBe('wrapped')
  })

  it('is empty when it is blank to its first slot', () => {
    expect(read(small().clearRing(), {}, 0).state).toBe('empty')
  })

  it('has no command in a slot that is blank, and one that nobody knows in a slot with other words', () => {
    const vm = small().map(8, one)
    vm.memory.fill((QUEUE + 32) as Gpa, 32)
    expect(read(vm)).toMatchObject({ state: 'damaged', commands: 3, unknown: 0 })
    vm.memory.setU32((QUEUE + 32) as Gpa, 0xee)
    expect(read(vm)).toMatchObject({ state: 'damaged', commands: 4, unknown: 1 })
    expect(read(vm, {}, 0, 4)).toMatchObject({ pending: 4, touched: new Set([8]) })
  })

  it.each([
    ['a DISCARD', 'DISCARD'],
    ['an INT', 'INT'],
  ] as const)('shows no device by a command in passing, once %s names an event that there is none of', (_what, name) => {
    const vm = () => small().map(8, one).goRound().command('INV', { deviceId: 8, eventId: 0 })
    expect(read(vm()).mapped).toEqual([8])
    expect(read(vm().command(name, { deviceId: 8, eventId: 0xffff })).mapped).toEqual([8])
    expect(read(vm().command(name, { deviceId: 8, eventId: 0x1_0000 })).mapped).toEqual([])
  })

  it('shows no event of a device that was mapped since, or that was discarded', () => {
    const events = (vm: PlantedVm) => [...read(vm).devices.get(8)!.events.keys()]
    expect(events(small().goRound().map(8, one).command('INT', { deviceId: 8, eventId: 1 }))).toEqual([0])
    const discarded = small()
      .goRound()
      .command('INV', { deviceId: 8, eventId: 0 })
      .command('DISCARD', { deviceId: 8, eventId: 1 })
    expect(events(discarded)).toEqual([0])
  })
})

describe('the chain that KVM saved', () => {
  const state = (vm: PlantedVm) => setScene(vm.input()).beliefs.history.state
  const led = (next: number) => {
    const vm = small().map(8, one).save()
    return vm.dte(8, { ittAddr: vm.itt(8), size: 4, next }).dte(16, { ittAddr: vm.itt(16), size: 4 })
  }

  it('tells of a beginning that is lost when it leads from a mapped device to an entry of one that the ring does not have', () => {
    expect(state(led(8))).toBe('restarted')
    expect(state(led(8).map(16, one).unmap(16))).toBe('restarted')
    expect(state(led(8).map(16, one))).toBe('whole')
  })

  it('tells of none when it ends there, or leads to no entry, or no further than next can say', () => {
    expect(state(led(0))).toBe('whole')
    expect(state(led(9))).toBe('whole')
    const far = new PlantedVm({ indirect: true }).map(0, one).map(40000, one).save()
    expect(state(far.dte(DTE_NEXT_CAP, { ittAddr: far.itt(DTE_NEXT_CAP), size: 4 }))).toBe('whole')
    const near = new PlantedVm({ indirect: true })
      .map(0, one)
      .map(DTE_NEXT_CAP - 1, one)
      .save()
    expect(state(near)).toBe('whole')
    expect(state(near.unmap(DTE_NEXT_CAP - 1))).toBe('restarted')
  })
})
