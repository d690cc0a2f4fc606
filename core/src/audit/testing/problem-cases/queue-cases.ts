import { GITS_CBASER } from '../../../abi/index.ts'
import type { Gpa } from '../../../memory/index.ts'
import { ittRanges, tableView } from '../../../tables/index.ts'
import type { PlantedVm } from '../planted-vm.ts'
import { COLLECTION_TABLE, pciFunction, QUEUE } from '../planted-vm.ts'
import { healthy, outside, type ProblemCase } from './problem-case.ts'

/** The command queue, and what the file holds. */
export const queueCases: readonly ProblemCase[] = [
  {
    code: 'Q601',
    when: 'commands wait',
    severity: 'note',
    vm: () => {
      const vm = healthy()
      vm.its = { creadr: vm.registers().itses[0]!.creadr - 32n }
      return vm
    },
  },
  {
    code: 'Q602',
    when: 'the queue is outside RAM',
    severity: 'latent',
    vm: () => Object.assign(healthy(), { its: { cbaser: GITS_CBASER.pack({ valid: true, address: outside, pages: 15 }) } }),
  },
  {
    code: 'Q603',
    when: 'the ring has gone round',
    severity: 'note',
    vm: () => {
      const vm = healthy({ queuePages: 1 })
      for (let i = 0; i < 128; i++) vm.command('MOVI', { deviceId: 16, eventId: 0, icid: 0 })
      return vm
    },
  },
  {
    code: 'Q604',
    when: 'an executed slot holds no command',
    severity: 'note',
    vm: () => {
      const vm = healthy()
      vm.memory.setU32((QUEUE + 4 * 32) as Gpa, 0xee)
      return vm
    },
  },
  {
    code: 'Q605',
    when: 'a function says an event is off that the queue has mapped',
    severity: 'note',
    vm: () => Object.assign(healthy(), { more: { msi: [pciFunction(16, [0])] } }),
  },
  { code: 'M701', when: 'there are two ITSes', severity: 'note', vm: twoItses },
  {
    code: 'M702',
    when: 'a page of the collection table is not in the file',
    severity: 'latent',
    vm: () => Object.assign(healthy(), { more: { missing: [COLLECTION_TABLE as Gpa] } }),
  },
  {
    code: 'M705',
    when: 'memory of unknown address may be where an ITT is',
    severity: 'note',
    vm: () => {
      const vm = healthy()
      const [unlocated] = ittRanges(vm.memory, tableView(vm.registers()).deviceTable)
      return Object.assign(vm, { more: { unlocated: [unlocated!] } })
    },
  },
]

function twoItses(): PlantedVm {
  const vm = healthy()
  const registers = vm.registers()
  const [its] = registers.itses
  return Object.assign(vm, { more: { registers: { ...registers, itses: [its!, { ...its!, base: undefined }] } } })
}
