import { describe, expect, it } from 'vitest'
import { budgetFor } from '../budget/testing/budget-for.ts'
import { gpa, PAGE_BYTES } from '../memory/index.ts'
import { type AuditInput, audit, judgeKernels, type LookOutcome, setScenes, type VmLook, vmLooks } from './index.ts'
import { owing } from './testing/owing-vm.ts'
import { LPI_CONFIGURATION, PlantedVm, pciFunction } from './testing/planted-vm.ts'

function looks(vm: PlantedVm, more: Partial<AuditInput> = {}): readonly VmLook[] {
  const scenes = setScenes({ ...vm.input(), ...more })
  return vmLooks(scenes.map(audit), judgeKernels(scenes, ['linux-5.10', 'linux-7.3']))
}
const outcomes = (found: readonly VmLook[]): Record<string, LookOutcome> =>
  Object.fromEntries(found.map(({ subject, outcome }) => [subject, outcome]))

const healthy = () =>
  new PlantedVm()
    .map(16, { 0: [8192, 0], 1: [8193, 1] })
    .map(24, { 0: [8200, 0] })
    .save()

describe('what a check looked at', () => {
  it('is well of a healthy VM, with how much it was, and notifications were not looked at', () => {
    const vm = healthy()
    vm.memory.setU8(gpa(LPI_CONFIGURATION + 1), 0xa1)
    vm.pend(1, 8193)
    const found = looks(vm)
    expect(found.map(({ what }) => what)).toEqual([
      'the registers',
      '2 devices and 3 events in the tables',
      'all that the guest has mapped',
      'the configuration of 3 live LPIs (2 disabled by the guest)',
      'the pending bits of 2 vCPUs, 1 set',
      'the notifications of virtqueues',
      'the restore on 2 kernels',
    ])
    const { notifications, ...others } = outcomes(found)
    expect([notifications, new Set(Object.values(others))]).toEqual(['not looked at', new Set(['well'])])
  })

  it.each<[string, (vm: PlantedVm) => void, string, LookOutcome]>([
    ['a register that KVM refuses', (vm) => Object.assign(vm.its, { creadr: 0xf_ffe0n }), 'registers', 'wrong'],
    ['an orphan that comes back', (vm) => vm.unmap(24), 'tables', 'wrong'],
    ['an orphan that does not', (vm) => vm.unmap(24).dte(16, { size: 4, next: 0, ittAddr: vm.itt(16) }), 'tables', 'noted'],
    ['a ring that was cleared', (vm) => vm.clearRing(), 'guest', 'in part'],
    ['a pending bit of no event', (vm) => vm.pend(0, 9000), 'pending', 'noted'],
    ['a pending table outside RAM', (vm) => Object.assign(vm.redistributors[1]!, { pendbaser: 0n }), 'pending', 'wrong'],
  ])('is told of by the part that it belongs to: %s', (_, spoil, subject, outcome) => {
    const vm = healthy()
    spoil(vm)
    expect(outcomes(looks(vm))[subject]).toBe(outcome)
  })

  it('is the tables in part where the file does not hold all of their pages, or tell where they are, or they are too large', () => {
    const vm = healthy()
    const itt = vm.itt(16)
    const unlocated = [{ base: gpa(itt - (itt % PAGE_BYTES)), bytes: PAGE_BYTES }]
    for (const more of [{ missing: [gpa(itt)] }, { unlocated }, { budget: budgetFor('restore', 20) }]) {
      expect(outcomes(looks(vm, more))['tables']).toMatch(/in part|wrong/)
    }
    expect(looks(vm, { missing: [gpa(itt)] })[1]!.why).toBe('the file does not hold all of their pages')
  })

  it('is told of each ITS, and once of what is the whole VM’s', () => {
    const first = healthy()
    new PlantedVm({ beside: first }).map(8, { 0: [8300, 0] }).save()
    const found = looks(first)
    expect(found.map(({ subject, its }) => `${subject} ${its ?? ''}`.trim())).toEqual([
      'registers 0',
      'tables 0',
      'guest 0',
      'configuration 0',
      'pending',
      'notifications',
      'registers 1',
      'tables 1',
      'guest 1',
      'configuration 1',
      'kernels',
    ])
    expect(found.find(({ subject, its }) => subject === 'tables' && its === 1)!.what).toBe(
      '1 device and 1 event in the tables of ITS 1',
    )
  })

  it('is the restore on the kernels that were asked, and how many of them restore it', () => {
    const jump = new PlantedVm({ indirect: true })
      .map(8, { 0: [8192, 0] })
      .map(9000, { 0: [8193, 0] })
      .save()
    expect(looks(jump).at(-1)).toEqual({
      subject: 'kernels',
      outcome: 'noted',
      what: 'the restore on 2 kernels, of which 1 restore it cleanly',
    })
    expect(looks(healthy().cte(2, { icid: 2, rdBase: 7 })).at(-1)!.outcome).toBe('wrong')
  })

  it('is the rings of virtqueues, where the file has them', () => {
    const of = (vm: PlantedVm, more: Partial<AuditInput> = {}) =>
      looks(vm, more).find(({ subject }) => subject === 'notifications')
    const well = { subject: 'notifications', outcome: 'well', what: 'the notifications of 1 virtqueue' }
    const pending = owing({ isPending: true })
    const { msi = [], virtio = [] } = pending.input()
    const disk = { msi: msi.slice(0, 1) }
    expect(of(pending, disk)).toEqual(well)
    expect(of(owing(), disk)).toEqual({ ...well, outcome: 'wrong' })
    const card = owing({ kind: 'net' })
    expect(of(card, { msi: card.input().msi!.slice(0, 1) })?.outcome).toBe('noted')
    expect(of(owing({ nextAvail: 1 }))).toMatchObject({ outcome: 'not looked at', why: 'their rings are not in the file' })
    expect(of(healthy())).toMatchObject({ outcome: 'not looked at', why: 'the file tells of none in use' })
    const nvme = { ...pciFunction(16, [0]), name: '0000:00:02.0/nvme' }
    expect(of(pending, { msi: [msi[0]!, nvme] })).toMatchObject({ outcome: 'in part', why: 'not of 1 device without virtqueues' })
    const unread = { ...virtio[0]!, name: '0000:00:03.0/virtio-net', queues: [], unread: 'its state is too short' }
    expect(of(pending, { ...disk, virtio: [...virtio, unread] })).toMatchObject({
      outcome: 'in part',
      why: 'of 1 other nothing can be told',
    })
    const flags = owing({ isPending: true, eventIdx: false })
    expect(of(flags)).toMatchObject({ outcome: 'not looked at', why: 'their rings do not tell what the drivers have seen' })
    expect(of(owing({ kind: 'console' }))?.outcome).toBe('not looked at')
  })
})
