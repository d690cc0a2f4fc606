import { describe, expect, it } from 'vitest'
import { COMMAND_BYTES, GITS_CBASER } from '../abi/index.ts'
import type { Gpa } from '../memory/index.ts'
import { guestThen, queueCommands } from './index.ts'
import { PlantedVm, QUEUE } from './testing/planted-vm.ts'

/** A ring of 128 slots with commands in the first four. */
const four = () => new PlantedVm({ queuePages: 1 }).map(8, { 3: [8192, 1] })
const offset = (slot: number) => BigInt(slot * COMMAND_BYTES)
const listed = (vm: PlantedVm, read: number, write: number) =>
  queueCommands(vm.memory, { ...vm.registers().itses[0]!, creadr: offset(read), cwriter: offset(write) })
const slots = (vm: PlantedVm, read: number, write: number) => listed(vm, read, write).map(({ slot, when }) => `${slot} ${when}`)

describe('the commands in the ring', () => {
  it('are listed with where they lie, what they say and whether they were executed', () => {
    expect(listed(four(), 4, 4).map(({ at, slot, says, when, command }) => [at, slot, says, when, command?.name])).toEqual([
      [QUEUE, 0, 'MAPC ICID 0 RDbase 0', 'executed', 'MAPC'],
      [QUEUE + 32, 1, 'MAPC ICID 1 RDbase 1', 'executed', 'MAPC'],
      [QUEUE + 64, 2, 'MAPD DeviceID 0x8 V=1 ITT 0x41008000 bits 5', 'executed', 'MAPD'],
      [QUEUE + 96, 3, 'MAPTI 0x8/3 LPI 8192 ICID 1', 'executed', 'MAPTI'],
    ])
  })

  it.each([
    ['what lies behind CWRITER is older than the rest', 2, 2, ['2 earlier', '3 earlier', '0 executed', '1 executed']],
    ['what lies between CREADR and CWRITER waits', 1, 3, ['3 earlier', '0 executed', '1 pending', '2 pending']],
    ['nothing was executed', 0, 4, ['0 pending', '1 pending', '2 pending', '3 pending']],
    ['what waits goes on at slot 0 when CWRITER is behind CREADR', 3, 1, ['1 executed', '2 executed', '3 pending', '0 pending']],
  ])('go from the oldest to the newest: %s', (_what, read, write, expected) => {
    expect(slots(four(), read, write)).toEqual(expected)
  })

  it('go through every slot of a ring that is full', () => {
    const vm = four()
    for (let n = 4; n < 128; n++) vm.command('SYNC', {})
    expect(slots(vm, 1, 1)).toEqual([...Array.from({ length: 127 }, (_, i) => `${i + 1} earlier`), '0 executed'])
  })

  it('may be words that are no command', () => {
    const vm = four()
    vm.memory.setU32((QUEUE + 32) as Gpa, 0xee)
    expect(listed(vm, 4, 4)[1]).toMatchObject({ slot: 1, command: undefined, says: 'opcode 0xee' })
  })

  it.each([
    ['GITS_CBASER is not valid', 0n],
    ['the queue is outside RAM', GITS_CBASER.pack({ address: 0x1000_0000, valid: true })],
  ])('are none when %s', (_what, cbaser) => {
    const vm = Object.assign(four(), { its: { cbaser } })
    expect(queueCommands(vm.memory, vm.registers().itses[0]!)).toEqual([])
  })
})

describe('what the guest had mapped when a command was executed', () => {
  const mappedIn = (vm: PlantedVm, slot: number, isWhole: boolean, write: number) => {
    const its = { ...vm.registers().itses[0]!, creadr: offset(write), cwriter: offset(write) }
    const { devices, collections } = guestThen(vm.memory, its, slot, isWhole)
    const mapped = [...devices.values()].filter((device) => device.mapped)
    return [collections.size, ...mapped.map(({ deviceId, events }) => [deviceId, ...events.keys()])]
  }

  it('begins with nothing, and has what each command before it did, and its own', () => {
    const vm = four()
      .map(16, { 0: [8193, 0] })
      .unmap(8)
    const then = [0, 2, 3, 5, 6].map((slot) => mappedIn(vm, slot, true, 7))
    expect(then).toEqual([[1], [2, [8]], [2, [8, 3]], [2, [8, 3], [16, 0]], [2, [16, 0]]])
  })

  it('goes round with a ring whose beginning is lost: what is named there was mapped before', () => {
    const vm = four()
    expect(mappedIn(vm, 3, false, 1)).toEqual([1, [8, 3]])
    expect(mappedIn(vm, 0, false, 1)).toEqual([2, [8, 3]])
  })
})
