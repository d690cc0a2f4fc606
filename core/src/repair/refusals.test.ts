import { describe, expect, it } from 'vitest'
import { FIRST_LPI, NEWEST, type ProfileId, releasedKernels } from '../abi/index.ts'
import { type AuditInput, audit, judgeKernels, setScene } from '../audit/index.ts'
import { LPI_CONFIGURATION, PlantedVm, pciFunction, QUEUE } from '../audit/testing/planted-vm.ts'
import { budgetFor } from '../budget/testing/budget-for.ts'
import type { Gpa } from '../memory/index.ts'
import { prove } from './proof.ts'
import { planOne } from './testing/plan-one.ts'
import { goneRound, healthy, withOrphan } from './testing/small-vms.ts'

/** What stands in the way of a repair that turned `before` into `after`. */
function obstacles(before: AuditInput, after: AuditInput, isExhausted = false): string[] {
  const [was, is] = [[setScene(before)], [setScene(after)]]
  const proof = prove({ before: was, after: is, was: () => judgeKernels(was, releasedKernels), isExhausted })
  return proof.obstacles.map(({ kernel, says }) => `${kernel}: ${says}`)
}

const asked = (says: string, kernel: ProfileId | '' = NEWEST) => `${kernel}: ${says}`

describe('a repair is not proven good', () => {
  it('when the queue names what it takes out as soon as the tables hold the repair', () => {
    const vm = new PlantedVm().map(16, { 0: [8192, 0] }).save()
    // The MAPD of device 16 names device 9.
    vm.memory.setWord((QUEUE + 64) as Gpa, 8, 9)
    const { obstacles: found, before, after, memory } = planOne(vm.input(), { allow: 'everything' })
    expect(before.findings.map(({ code }) => code)).toEqual(['D209', 'Q603'])
    expect(found.map(({ says }) => says)).toContain(
      'it would take out event 0 of DeviceID 0x10, and the queue names it as mapped once the repair is in the tables',
    )
    expect(after.verdict).toBe('corrupts')
    expect(after.findings).toEqual(audit(setScene({ ...vm.input(), memory })).findings)
  })

  it('while the restore still fails', () => {
    const after = healthy().ite(16, 1, { pintid: 40, icid: 1 }).input()
    expect(obstacles(healthy().input(), after)[0]).toMatch(
      /^linux-7\.3\.4: the restore still fails: EINVAL at DeviceID 0x10 event 1/,
    )
  })

  it('while the restore fails before any table is read', () => {
    const vm = healthy()
    vm.its = { iidr: 0x4b00143b }
    expect(obstacles(vm.input(), vm.input())).toContain(asked('the restore still fails: EINVAL'))
  })

  it('while not everything can be looked at in what it made', () => {
    const after = { ...healthy().input(), budget: budgetFor('sweep', 100) }
    expect(obstacles(healthy().input(), after)[0]).toBe(asked('M703: the tables are larger than what can be looked at'))
  })

  it('while a problem is left that corrupts', () => {
    expect(obstacles(withOrphan(8).input(), withOrphan(8).input())).toEqual([
      asked('D203 is left: DeviceID 0x8 is still valid in the device table; the guest unmapped it.'),
      ...releasedKernels.filter((kernel) => kernel !== NEWEST).map((kernel) => asked('1 dead events come back', kernel)),
    ])
  })

  it('while live events stay lost that the queue still knows, unless everything was tried', () => {
    const after = healthy().ite(16, 1, {}).input()
    const lost = '1 live event would stay lost that a rebuild from the command queue may bring back'
    expect(obstacles(after, after)).toEqual([asked(lost, '')])
    expect(obstacles(after, after, true)).toEqual([])
  })

  const ofRebuild = 'would stay lost that a rebuild from the command queue may bring back'
  it.each<[string, () => PlantedVm, string[]]>([
    ['live events that stay lost', () => healthy().ite(16, 1, {}).ite(24, 2, {}), ['2 live events']],
    [
      'live devices that stay lost, if they are without an event',
      () => healthy().map(32, {}).map(33, {}).save().dte(32, { valid: false }).dte(33, { valid: false }),
      ['2 live devices'],
    ],
    [
      'what stays lost and only the tables and a PCI function know',
      () =>
        Object.assign(goneRound(healthy({ queuePages: 1 }).dte(16, { size: 4, next: 0, ittAddr: 0x4101_0000 })), {
          more: { msi: [pciFunction(24, [0, 2])] },
        }),
      ['2 live events'],
    ],
    [
      'not what stays lost and only a PCI function knows: an event',
      () => Object.assign(goneRound(healthy({ queuePages: 1 })), { more: { msi: [pciFunction(24, [0, 2, 9])] } }),
      [],
    ],
    [
      'not what stays lost and only a PCI function knows: a device',
      () => Object.assign(goneRound(healthy({ queuePages: 1 })), { more: { msi: [pciFunction(40, [0])] } }),
      [],
    ],
  ])('while what a rebuild may bring back is lost, and counts %s', (_what, vm, expected) => {
    const found = obstacles(vm().input(), vm().input()).filter((says) => says.endsWith(ofRebuild))
    expect(found).toEqual(expected.map((what) => asked(`${what} ${ofRebuild}`, '')))
  })

  it.each([
    ['an event', 1, 'it would take out event 2 of DeviceID 0x18: nobody knows it to be dead, and its LPI is enabled'],
    ['two', 2, 'it would take out event 2 of DeviceID 0x18 and 1 more: nobody knows it to be dead, and its LPI is enabled'],
  ])('when it takes out %s that may be live', (_what, count, says) => {
    const vm = () => {
      const planted = new PlantedVm({ queuePages: 1 }).map(16, { 0: [8192, 0], 1: [8193, 0] }).map(24, { 0: [8194, 0] })
      goneRound(planted).save().ite(24, 0, { pintid: 8194, icid: 0, next: 2 })
      for (const lpi of [8300, 8301]) planted.memory.setU8((LPI_CONFIGURATION + lpi - FIRST_LPI) as Gpa, 1)
      return planted.ite(24, 2, { pintid: 8300, icid: 0, next: 1 }).ite(24, 3, { pintid: 8301, icid: 0 })
    }
    const after = count === 1 ? vm().ite(24, 2, {}) : vm().ite(24, 0, { pintid: 8194, icid: 0 }).ite(24, 2, {}).ite(24, 3, {})
    expect(obstacles(vm().input(), after.input())).toEqual([asked(says, '')])
  })

  it('when another kernel would lose events, or more than before', () => {
    const lossy = (...deviceIds: number[]) => {
      const vm = healthy()
      for (const deviceId of deviceIds) vm.ite(deviceId, 0, {})
      return vm.input()
    }
    const others = releasedKernels.filter((kernel) => kernel !== NEWEST)
    const lost = (n: number) => others.map((kernel) => asked(`${n} live events would be lost`, kernel))
    expect(obstacles(lossy(), lossy(24), true)).toEqual(lost(1))
    expect(obstacles(lossy(24), lossy(16, 24), true)).toEqual(lost(2))
    expect(obstacles(lossy(16, 24), lossy(24), true)).toEqual([])
    expect(obstacles(healthy().ite(16, 1, { pintid: 40, icid: 1 }).input(), lossy(24), true)).toEqual(lost(1))
  })

  it('while a live device without an event stays lost that the queue still knows', () => {
    const vm = () => healthy().map(32, {})
    expect(obstacles(vm().save().input(), vm().save().dte(32, { valid: false }).input())).toContain(
      asked('1 live device would stay lost that a rebuild from the command queue may bring back', ''),
    )
  })

  it('while the restore passes by an entry that is not known to be dead', () => {
    const vm = () => goneRound(healthy({ queuePages: 1 }))
    const after = vm().dte(24, { size: 4, next: 0, ittAddr: 0x4101_8000 }).dte(40, { size: 4, ittAddr: 0x4102_8000 })
    after.ite(40, 0, { pintid: 8400, icid: 0 }).dte(16, { size: 4, next: 8, ittAddr: 0x4101_0000 })
    expect(obstacles(vm().input(), after.input())).toContainEqual(
      expect.stringContaining('the restore does not come to 1 devices and 1 events that are left'),
    )
  })

  it('while the next save brings a dead device back that is left: a command that waits unmaps the one whose next jumps over it', () => {
    const vm = new PlantedVm()
      .map(20, { 0: [8400, 0] })
      .save()
      .unmap(20)
      .map(16, { 0: [8192, 0] })
      .map(24, { 0: [8194, 0] })
      .save()
    const { creadr } = vm.registers().itses[0]!
    vm.command('MAPD', { deviceId: 16, valid: false }).its = { creadr }
    expect(obstacles(vm.input(), vm.input())).toEqual([
      asked('the save after the restore comes back otherwise: device 20 came back from the dead'),
    ])
  })

  it('when another kernel would lose events, or fail, where it did not', () => {
    const far = (next: number) => {
      const vm = new PlantedVm({ indirect: true })
        .map(16, { 0: [8192, 0] })
        .map(9000, { 0: [8193, 0] })
        .save()
      return vm.dte(16, { size: 4, next, ittAddr: vm.itt(16) }).input()
    }
    expect(obstacles(far(8192 - 16), far(9000 - 16))).toEqual(
      ['linux-4.13', 'linux-5.10'].map((kernel) => expect.stringMatching(`^${kernel}: the restore would fail: E`)),
    )
  })

  it('but may be when a dead entry stays that no restore comes to', () => {
    const shadowed = new PlantedVm()
      .map(20, { 0: [8300, 0] })
      .map(16, { 0: [8192, 0], 2: [8196, 0], 4: [8193, 1] })
      .map(24, { 0: [8194, 0], 2: [8195, 1] })
      .save()
      .unmap(20)
      .discard(16, 2)
      .save()
      .input()
    expect(obstacles(shadowed, shadowed)).toEqual([])
  })

  it('when it is well and unchanged needs no proof', () => {
    const scenes = [setScene(healthy().input())]
    const never = () => {
      throw new Error('nothing has to be judged')
    }
    expect(prove({ before: scenes, after: scenes, was: never, isExhausted: false })).toMatchObject({ kernels: [], obstacles: [] })
  })
})
