import { describe, expect, it } from 'vitest'
import { COMMAND_BYTES, GITS_CBASER } from '../abi/index.ts'
import type { Gpa } from '../memory/index.ts'
import { queueCommands } from './index.ts'
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
