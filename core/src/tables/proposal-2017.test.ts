import { describe, expect, it } from 'vitest'
import { CTE, type ProfileId, profiles, type Quirks } from '../abi/index.ts'
import { type Gpa, GuestMemory, type Outcome } from '../memory/index.ts'
import { restoreTables, saveTables } from './index.ts'
import { LiveIts } from './testing/live-its.ts'
import { RAM, withQuirks } from './testing/planted.ts'

const of = (kernel: ProfileId): Quirks => profiles[kernel].quirks
const answer = <T>(outcome: Outcome<T>) => (outcome.ok ? 0 : outcome.errno)

/** A device at each end of a two-level table, the page of the second one dropped behind the ITS's back. */
function unreachable(quirks: Quirks): LiveIts {
  const vm = new LiveIts({ quirks, indirect: true, l2Pages: [0, 1] }).map(5, [1]).map(9000, [2])
  vm.dropL2(1)
  return vm
}

/** Clean tables of device 5, with a CTE in front of its collection that names no vCPU. */
function badCollection(quirks: Quirks): { readonly vm: LiveIts; readonly answered: Outcome<unknown> } {
  const source = new LiveIts().map(5, [1, 2])
  source.its.collections.set(3, 0)
  saveTables(source.its)
  const { lo, hi } = CTE.encode({ icid: 3, rdBase: 77, valid: true })
  source.memory.setWord((source.collectionTable + 8) as Gpa, lo, hi)
  const vm = new LiveIts({ quirks, memory: source.memory })
  return { vm, answered: restoreTables(vm.its) }
}

describe('a save whose devices fail', () => {
  it.each([
    ['linux-6.6', 'EINVAL', '0000000000000000'],
    ['linux-4.13', 'EINVAL', '0000000000000000'],
    ['proposal-2017', 'EFAULT', '8000000000000000'],
  ] as const)('%s: %s, and the first CTE is %s (both-tables-attempted)', (kernel, errno, cte) => {
    const vm = unreachable(of(kernel))
    expect([answer(saveTables(vm.its)), vm.word(vm.collectionTable)]).toEqual([errno, cte])
  })

  it('answers what failed first when the collections fail, too', () => {
    const hole = (RAM + 0x1a_0000) as Gpa
    const memory = new GuestMemory([
      { base: RAM, bytes: 0x1a_0000, backing: 'sparse' },
      { base: (hole + 0x1_0000) as Gpa, bytes: 0xe5_0000, backing: 'sparse' },
    ])
    const vm = new LiveIts({ quirks: of('proposal-2017'), memory }).map(6, [2], { ittAddr: hole })
    expect(vm.collectionTable).toBe(hole)
    expect(saveTables(vm.its)).toMatchObject({ errno: 'EFAULT', where: { what: 'ITE', deviceId: 6 } })
  })

  it('ends at once where the host dies of it', () => {
    const vm = new LiveIts({ quirks: { ...of('proposal-2017'), 'null-collection-oops': true } }).map(5, [1])
    vm.its.freeCollection(0)
    vm.its.collections.set(1, 0)
    expect([saveTables(vm.its), vm.word(vm.collectionTable)]).toMatchObject([{ hostOops: true }, '0000000000000000'])
  })
})

describe('save-errors-told-apart', () => {
  it.each([
    ['past the table', { deviceTablePages: 1 }, 9000, 'EINVAL'],
    ['past the first level', { indirect: true, l2Pages: [0] }, 0x1_0000, 'EINVAL'],
    ['whose first-level entry is not valid', { indirect: true, l2Pages: [0] }, 9000, 'EFAULT'],
  ] as const)('a device %s', (_, shape, deviceId, errno) => {
    const save = (quirks: Quirks) => answer(saveTables(new LiveIts({ ...shape, quirks }).map(deviceId, [1]).its))
    expect([save(of('proposal-2017')), save(of('linux-6.6'))]).toEqual([errno, 'EINVAL'])
  })

  it('a device whose place is not in RAM', () => {
    const vm = new LiveIts({ quirks: of('proposal-2017'), indirect: true, l2Pages: [0] }).map(5, [1])
    vm.memory.setWord((RAM + 0x10_0000) as Gpa, 0x0900_0000, 0x8000_0000)
    expect(answer(saveTables(vm.its))).toBe('EFAULT')
  })

  it('is about devices that fail the save: a kernel that passes them over passes over both', () => {
    const vm = unreachable(withQuirks('save-errors-told-apart'))
    expect(saveTables(vm.its)).toMatchObject({ ok: true, value: { unstorable: [9000] } })
  })
})

describe('a restore whose collections fail', () => {
  it.each(['linux-4.13', 'linux-6.6', 'linux-7.3.4'] as const)('%s restores no device', (kernel) => {
    const { vm, answered } = badCollection(of(kernel))
    expect([answer(answered), [...vm.its.devices.deviceId].filter((id) => vm.its.devices.find(id) >= 0)]).toEqual(['EINVAL', []])
  })

  it('proposal-2017 restores the devices, and answers EINVAL (both-tables-attempted)', () => {
    const { vm, answered } = badCollection(of('proposal-2017'))
    expect(answered).toMatchObject({ errno: 'EINVAL', where: { what: 'CTE', icid: 3 } })
    const slot = vm.its.devices.find(5)
    expect([vm.its.collections.order, vm.its.events.find(slot, 1) >= 0]).toEqual([[0], true])
  })

  it('keeps nothing where a failed restore keeps nothing', () => {
    const { vm } = badCollection(withQuirks('both-tables-attempted'))
    expect([vm.its.devices.find(5), vm.its.collections.order]).toEqual([-1, []])
  })

  it('and answers what failed first when the devices fail, too', () => {
    const { vm, answered } = badCollection({ ...of('proposal-2017') })
    expect(answer(answered)).toBe('EINVAL')
    vm.memory.setWord(vm.iteAt(5, 1), 0x10_0000, 0x10)
    const again = new LiveIts({ quirks: of('proposal-2017'), memory: vm.memory })
    expect(restoreTables(again.its)).toMatchObject({ where: { what: 'CTE' } })
  })
})
