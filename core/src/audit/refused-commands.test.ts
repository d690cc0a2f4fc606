import { describe, expect, it } from 'vitest'
import type { Gpa } from '../memory/index.ts'
import { type Life, readHistory } from './history.ts'
import { PlantedVm, QUEUE } from './testing/planted-vm.ts'

const SLOTS = 128

/** A ring of one page that has gone round since device 8 was mapped. */
function wrapped(): PlantedVm {
  const vm = new PlantedVm({ queuePages: 1 }).map(8, { 0: [8192, 0] })
  for (let n = 0; n < SLOTS; n++) vm.command('SYNC', { rdBase: 0 })
  return vm
}

const device = (vm: PlantedVm, life: Life = {}) => readHistory(vm.memory, vm.registers().itses[0]!, life).devices.get(8)
const mapti = { deviceId: 8, eventId: 3, pintid: 9000, icid: 0 } as const

describe('commands that KVM refuses', () => {
  it('map no event for which the ITT that KVM saved has no room, and make void what the ring says in passing', () => {
    const vm = wrapped().command('MAPTI', { ...mapti, eventId: 40 })
    expect([...device(vm)!.events.keys()]).toEqual([40])
    expect(device(vm, { eventIdBits: () => 5 })).toBeUndefined()
  })

  it('do not tell the LPI of an event that may have been mapped before, unless it was discarded since', () => {
    const told = (vm: PlantedVm) => device(vm.command('MAPTI', mapti))!.events.get(3)!.lpi
    expect(told(wrapped())).toBeUndefined()
    expect(told(wrapped().command('DISCARD', { deviceId: 8, eventId: 3 }))).toBe(9000)
  })

  it('discard and move nothing that is in a collection that was unmapped', () => {
    const vm = new PlantedVm().map(8, { 3: [9000, 1] }).command('MAPC', { icid: 1, valid: false })
    const refused = vm.command('MOVI', { deviceId: 8, eventId: 3, icid: 0 }).command('DISCARD', { deviceId: 8, eventId: 3 })
    expect(device(refused)!.events.get(3)).toMatchObject({ lpi: 9000, icid: 1 })
  })

  it.each([
    ['discard', 'DISCARD', [undefined, false]],
    ['move', 'MOVI', [{ icid: undefined }, true]],
  ] as const)(
    'may be those that %s what is in a collection that no MAPC names, where the first commands are no MAPC',
    (_, name, said) => {
      const vm = new PlantedVm().map(8, {}).command('MAPTI', { ...mapti, icid: 5 })
      vm.command(name, { deviceId: 8, eventId: 3, ...(name === 'MOVI' && { icid: 0 }) })
      for (const [offset, word] of [
        [0, 5],
        [16, 0],
      ] as const)
        vm.memory.setWord((QUEUE + offset) as Gpa, word, 0)
      const { events, discarded, whole } = device(vm)!
      expect([events.get(3), whole]).toEqual([said[0] && expect.objectContaining(said[0]), said[1]])
      expect(discarded.size).toBe(0)
    },
  )

  it('are told from others by nobody where an ITS went on at slot 0 of a full ring: what is behind has no order', () => {
    const vm = new PlantedVm({ queuePages: 1 }).map(8, { 0: [8192, 0] })
    while (vm.registers().itses[0]!.cwriter > 0n) vm.command('SYNC', { rdBase: 0 })
    const its = { ...vm.registers().itses[0]!, creadr: 32n, cwriter: 32n }
    const { state, devices } = readHistory(vm.memory, its, { icids: new Set([0, 1, 2]) })
    expect([state, devices.size]).toEqual(['wrapped', 0])
  })
})
