import { describe, expect, it } from 'vitest'
import { GITS_CBASER } from '../abi/index.ts'
import type { Gpa } from '../memory/index.ts'
import { readHistory } from './index.ts'
import { PlantedVm, QUEUE } from './testing/planted-vm.ts'

const replay = (vm: PlantedVm) => readHistory(vm.memory, vm.registers().itses[0]!)
const two = { 0: [8192, 0], 1: [8193, 1] } as const

describe('the command queue as a witness', () => {
  it('tells what is mapped: device, ITT, size, event, LPI, collection, target', () => {
    const { state, devices, collections } = replay(
      new PlantedVm().map(8, two).command('MOVI', { deviceId: 8, eventId: 0, icid: 1 }),
    )
    expect(state).toBe('whole')
    expect(devices.get(8)).toMatchObject({ mapped: true, whole: true, eventIdBits: 5 })
    expect([...devices.get(8)!.events].map(([id, { lpi, icid }]) => [id, lpi, icid])).toEqual([
      [0, 8192, 1],
      [1, 8193, 1],
    ])
    expect([...collections].map(([icid, { rdBase }]) => [icid, rdBase])).toEqual([
      [0, 0],
      [1, 1],
    ])
  })

  it('forgets the events of a device that is mapped anew, and keeps where it was unmapped', () => {
    const { devices } = replay(
      new PlantedVm()
        .map(8, two)
        .map(8, { 3: [8200, 0] })
        .map(16, two)
        .unmap(16),
    )
    expect([...devices.get(8)!.events.keys()]).toEqual([3])
    expect(devices.get(16)).toMatchObject({ mapped: false, at: QUEUE + 10 * 32 })
  })

  it('follows KVM where a command changes nothing: MAPTI onto a mapped event, past the ITT, on no device', () => {
    const vm = new PlantedVm().map(8, two, { bits: 1 })
    vm.command('MAPTI', { deviceId: 8, eventId: 0, pintid: 9000, icid: 0 }).command('MAPTI', {
      deviceId: 8,
      eventId: 2,
      pintid: 9001,
      icid: 0,
    })
    expect([...replay(vm).devices.get(8)!.events].map(([id, { lpi }]) => [id, lpi])).toEqual([
      [0, 8192],
      [1, 8193],
    ])
  })

  it.each([
    ['16 EventID bits, the most there are', 15, 16, []],
    ['17 EventID bits: KVM refuses it, and the device stays as it was', 16, 5, [0, 1]],
  ] as const)('takes a MAPD with %s', (_what, size, eventIdBits, events) => {
    const vm = new PlantedVm().map(8, two).command('MAPD', { deviceId: 8, size, ittAddr: 0x4200_0000, valid: true })
    const device = replay(vm).devices.get(8)!
    expect([device.mapped, device.eventIdBits, [...device.events.keys()]]).toEqual([true, eventIdBits, events])
  })

  it('knows an unmapped collection from one never mapped', () => {
    const { collections } = replay(new PlantedVm().command('MAPC', { icid: 1, valid: false }))
    expect([collections.get(1)?.rdBase, collections.has(1), collections.has(2)]).toEqual([undefined, true, false])
  })

  it('goes round: the oldest command is at CWRITER, and what its window does not tell stays unknown', () => {
    const vm = new PlantedVm({ queuePages: 1 }).map(8, two).map(16, two)
    for (let i = 0; i < 128; i++) vm.command('MOVI', { deviceId: 8, eventId: 0, icid: i % 2 })
    vm.discard(16, 1).command('INV', { deviceId: 16, eventId: 0 })
    const { state, commands, devices } = replay(vm)
    expect([state, commands]).toEqual(['wrapped', 128])
    expect(devices.get(8)).toMatchObject({ mapped: true, whole: false, ittAddr: undefined })
    expect([...devices.get(8)!.events]).toEqual([[0, { lpi: undefined, icid: 1, at: expect.any(Number) }]])
    expect([[...devices.get(16)!.discarded.keys()], [...devices.get(16)!.events.keys()]]).toEqual([[1], [0]])
  })

  it('is not whole when the guest began anew at slot 0, as after a suspend', () => {
    const vm = new PlantedVm().map(8, two)
    const its = { ...vm.registers().itses[0]!, creadr: 0n, cwriter: 0n }
    expect(readHistory(vm.memory, its).state).toBe('restarted')
    const resumed = new PlantedVm()
    for (let slot = 0; slot < 2; slot++) resumed.memory.fill((QUEUE + slot * 32) as Gpa, 32)
    expect(replay(resumed).state).toBe('damaged')
  })

  it('is not whole when a command names what no command before it mapped', () => {
    expect(replay(new PlantedVm().command('DISCARD', { deviceId: 24, eventId: 0 })).state).toBe('restarted')
    expect(replay(new PlantedVm().map(8, { 0: [8192, 7] })).state).toBe('restarted')
  })

  it('is whole when the guest set its ITS up anew without clearing the ring, and what is behind CWRITER is void', () => {
    const vm = new PlantedVm().map(8, two).map(16, two)
    const anew = vm.beginAnew().map(24, two)
    const { state, devices } = replay(anew)
    expect([state, [...devices.keys()]]).toEqual(['whole', [24]])
    expect(replay(vm.command('INV', { deviceId: 40, eventId: 0 })).state).toBe('restarted')
  })

  it('may have gone round when what is behind CWRITER fills it to its last slot, though slot 0 is a MAPC', () => {
    const anew = (syncs: number) => {
      const vm = new PlantedVm({ queuePages: 1 })
      for (let slot = 0; slot < syncs; slot++) vm.command('SYNC', {})
      return replay(vm.beginAnew().map(24, two))
    }
    expect(anew(100).state).toBe('whole')
    const { state, devices } = anew(126)
    expect([state, [...devices.keys()]]).toEqual(['wrapped', [24]])
  })

  it('tells, where the guest may have begun anew, of nothing as mapped that it did not map since', () => {
    const vm = new PlantedVm().map(8, two).map(16, two).unmap(16).map(24, two)
    const { state, devices } = replay(vm.beginAnew().map(32, two).command('INV', { deviceId: 8, eventId: 0 }))
    expect([state, [...devices].map(([id, { mapped }]) => [id, mapped])]).toEqual([
      'restarted',
      [
        [16, false],
        [32, true],
      ],
    ])
  })

  it('tells of what was mapped before too, where a collection that KVM saved has no MAPC since, as after a suspend', () => {
    const vm = new PlantedVm().map(8, two).map(16, two).beginAnew().map(32, two)
    const its = vm.registers().itses[0]!
    const { state, devices } = readHistory(vm.memory, its, { icids: new Set([0, 1, 2]) })
    expect([state, [...devices.keys()]]).toEqual(['restarted', [16, 32]])
  })

  it.each([
    ['MAPTI of an LPI that there is none of', 'MAPTI', { deviceId: 16, eventId: 3, pintid: 8191, icid: 0 }],
    ['MAPTI past the ITT', 'MAPTI', { deviceId: 16, eventId: 32, pintid: 8300, icid: 0 }],
    ['MAPD of a DeviceID that there is none of', 'MAPD', { deviceId: 0x1_0000, size: 4, ittAddr: 0, valid: true }],
    ['INT of a DeviceID that there is none of', 'INT', { deviceId: 0x1_0000, eventId: 0 }],
    ['INT of an event that the device has not', 'INT', { deviceId: 16, eventId: 5 }],
    ['CLEAR past the ITT', 'CLEAR', { deviceId: 16, eventId: 32 }],
    ['DISCARD of an event that the device has not', 'DISCARD', { deviceId: 16, eventId: 5 }],
    ['DISCARD of an event that there is none of', 'DISCARD', { deviceId: 16, eventId: 0x1_0000 }],
    ['MOVI of a device that was unmapped', 'MOVI', { deviceId: 24, eventId: 0, icid: 0 }],
  ] as const)('takes no command for a sign of life once one of them was refused: %s', (_what, name, args) => {
    const life = () => {
      const vm = new PlantedVm({ queuePages: 1 }).map(8, two)
      for (let i = 0; i < 120; i++) vm.command('MOVI', { deviceId: 8, eventId: 0, icid: i % 2 })
      return vm.map(16, two).map(24, {}).unmap(24)
    }
    const mapped = (vm: PlantedVm) => [...replay(vm).devices.values()].filter((one) => one.mapped).map(({ deviceId }) => deviceId)
    expect([replay(life()).state, mapped(life())]).toEqual(['wrapped', [8, 16]])
    expect(mapped(life().command(name, args))).toEqual([16])
  })

  it('takes a command for a sign of life beside one about a device that KVM listed nothing of only where that was unmapped since', () => {
    const vm = new PlantedVm({ queuePages: 1 }).map(8, two)
    for (let i = 0; i < 128; i++) vm.command('MOVI', { deviceId: 8, eventId: 0, icid: i % 2 })
    const { itses } = vm.command('INV', { deviceId: 40, eventId: 0 }).registers()
    const mapped = (its = itses[0]!) => [
      ...readHistory(vm.memory, its, { canBeMapped: (deviceId) => deviceId === 8 }).devices.keys(),
    ]
    expect(mapped()).toEqual([])
    const since = vm.command('MAPD', { deviceId: 40, valid: false }).registers().itses[0]!
    expect(mapped(since)).toEqual([8, 40])
  })

  it('is whole only when it begins with a MAPC, names every saved collection and is denied by nobody', () => {
    const vm = new PlantedVm().map(8, two)
    const its = vm.registers().itses[0]!
    const stateIn = (life: Parameters<typeof readHistory>[2]) => readHistory(vm.memory, its, life).state
    expect([
      stateIn({}),
      stateIn({ icids: new Set([0, 1]) }),
      stateIn({ icids: new Set([0, 1, 2]) }),
      stateIn({ denies: () => true }),
    ]).toEqual(['whole', 'whole', 'restarted', 'restarted'])
    vm.memory.write(QUEUE as Gpa, vm.memory.read((QUEUE + 2 * 32) as Gpa, 32))
    expect(stateIn({})).toBe('restarted')
  })

  it('has no event whose LPI KVM refuses', () => {
    const vm = new PlantedVm().map(8, { 0: [8192, 0], 1: [8191, 0], 2: [16384, 0] })
    const events = (lpiLimit?: number) => [
      ...readHistory(vm.memory, vm.registers().itses[0]!, lpiLimit === undefined ? {} : { lpiLimit })
        .devices.get(8)!
        .events.keys(),
    ]
    expect([events(), events(16384)]).toEqual([[0, 2], [0]])
  })

  it('is whole with an INV of what was just discarded', () => {
    const vm = new PlantedVm().map(8, two).discard(8, 0).command('INV', { deviceId: 8, eventId: 0 })
    expect(replay(vm).state).toBe('whole')
  })

  it('takes MAPI for the LPI of its EventID, and MOVI, INT, CLEAR and INV for signs of life', () => {
    const vm = new PlantedVm().map(8, {}, { bits: 14 }).command('MAPI', { deviceId: 8, eventId: 8195, icid: 1 })
    const events = () => [...replay(vm).devices.get(8)!.events].map(([id, { lpi, icid }]) => [id, lpi, icid])
    expect(events()).toEqual([[8195, 8195, 1]])
    for (const name of ['INT', 'CLEAR', 'INV'] as const) vm.command(name, { deviceId: 8, eventId: 8195 })
    expect(replay(vm).state).toBe('whole')
    expect(events()).toEqual([[8195, 8195, 1]])
  })

  it.each(['INT', 'CLEAR', 'INV'] as const)('is not whole when %s names an event that was never mapped', (name) => {
    expect(replay(new PlantedVm().map(8, two).command(name, { deviceId: 8, eventId: 3 })).state).toBe('restarted')
  })

  it('is not readable without a valid queue in RAM', () => {
    const vm = new PlantedVm()
    for (const cbaser of [0n, GITS_CBASER.pack({ address: 0x1000_0000, valid: true })]) {
      vm.its = { cbaser }
      expect(replay(vm)).toMatchObject({ state: 'unreadable', commands: 0 })
    }
  })

  it('counts commands that are written and not executed, and words that are no command', () => {
    const vm = new PlantedVm().map(8, two)
    const [its] = vm.registers().itses
    expect(readHistory(vm.memory, { ...its!, creadr: its!.creadr - 64n })).toMatchObject({
      pending: 2,
      commands: 3,
      touched: new Set([8]),
    })
    vm.memory.setU32((QUEUE + 32) as Gpa, 0xee)
    expect(replay(vm)).toMatchObject({ unknown: 1, state: 'damaged' })
  })
})
