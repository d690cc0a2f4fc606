import { describe, expect, it } from 'vitest'
import { FIRST_LPI, GITS_BASER, NEWEST, type ProfileId, profiles, releasedKernels } from '../abi/index.ts'
import { type AuditInput, audit, judgeKernels, setScene } from '../audit/index.ts'
import { LPI_CONFIGURATION, PlantedVm, pciFunction, QUEUE } from '../audit/testing/planted-vm.ts'
import { budgetFor } from '../budget/testing/budget-for.ts'
import type { Gpa } from '../memory/index.ts'
import type { RepairOptions } from './index.ts'
import { prove } from './proof.ts'
import { planOne } from './testing/plan-one.ts'

const healthy = (options = {}) =>
  new PlantedVm(options)
    .map(16, { 0: [8192, 0], 1: [8193, 1] })
    .map(24, { 0: [8194, 0], 2: [8195, 1] })
    .save()

/** As `healthy`; device 8 was unmapped, and its entry stays before the live ones. */
const withOrphan = (next: number) =>
  new PlantedVm()
    .map(8, { 0: [8300, 0] })
    .save()
    .unmap(8)
    .map(16, { 0: [8192, 0], 1: [8193, 1] })
    .map(24, { 0: [8194, 0], 2: [8195, 1] })
    .save()
    .dte(8, { size: 4, next, ittAddr: 0x4100_8000 })

/** Nothing but signs of the events 0 and 1 of device 16 is left in the ring: what it does not name is unknown. */
function goneRound(vm: PlantedVm): PlantedVm {
  for (let i = 0; i < 129; i++) vm.command('INV', { deviceId: 16, eventId: i % 2 })
  return vm
}

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

describe('nothing is written', () => {
  const everything = { allow: 'everything', strict: true } as const

  it('to a VM whose tables are larger than what can be looked at', () => {
    const { memory, ...input } = withOrphan(8).input()
    const plan = planOne({ ...input, memory, budget: budgetFor('sweep', 100) }, everything)
    expect(plan).toMatchObject({ writes: [], kernels: [], lost: [], lostDevices: [] })
    expect(plan.obstacles).toEqual([{ kernel: '', says: 'M703: the tables are larger than what can be looked at' }])
    expect([plan.memory.dirtyPages(), plan.memory === memory]).toEqual([[], false])
  })

  it('to a VM whose tables lie in RAM whose address the file does not tell', () => {
    const vm = withOrphan(8)
    vm.its = { baser: [GITS_BASER.pack({ valid: true, addressLow: 0x9000_0000, type: 1 }), vm.registers().itses[0]!.baser[1]!] }
    vm.more = { unlocated: [{ base: 0x9000_0000 as Gpa, bytes: 0x100_0000 }] }
    expect(planOne(vm.input(), everything)).toMatchObject({
      writes: [],
      obstacles: [{ says: 'M705: tables lie in RAM whose address the file does not tell' }],
    })
  })

  it('from a queue that has gone round, where the tables were never written', () => {
    const vm = new PlantedVm({ queuePages: 1 }).map(16, { 0: [8192, 0], 1: [8193, 0] })
    expect(planOne(goneRound(vm).input(), everything).writes).toEqual([])
    expect(planOne(vm.map(24, { 0: [8194, 0] }).input(), everything).writes).toEqual([])
  })

  it('from the queue while the witnesses disagree, about whatever mapping', () => {
    const lost = () => healthy().ite(24, 0, { pintid: 8194, icid: 0 }).ite(24, 2, {})
    expect(planOne(lost().input(), everything).writes).not.toEqual([])
    const disputed = Object.assign(lost(), { more: { msi: [pciFunction(16, [0])] } })
    expect(planOne(disputed.input(), everything)).toMatchObject({ writes: [], after: { verdict: 'corrupts' } })
    expect(() => planOne(disputed.input(), { ...everything, rebuild: true })).toThrow('the witnesses disagree (Q605)')
  })

  it('from a queue that has gone round, when all is to be written anew', () => {
    const vm = goneRound(healthy({ queuePages: 1 }))
    expect(() => planOne(vm.input(), { allow: 'proven', rebuild: true })).toThrow('wrapped, not whole')
  })

  it('about a problem that is not among those named', () => {
    expect(planOne(withOrphan(8).input(), { allow: new Set(['I303'] as const) }).writes).toEqual([])
    expect(planOne(withOrphan(8).input(), { allow: new Set(['D203'] as const) }).writes).toHaveLength(1)
  })

  it('about what is inferred, by a repair of what is proven', () => {
    const vm = Object.assign(withOrphan(8), { more: { msi: [pciFunction(16, [0])] } })
    expect(planOne(vm.input(), { allow: 'proven' }).writes).toEqual([])
  })

  it.each([
    ['an event that nobody knows, whose LPI a live one has', (vm: PlantedVm) => vm.ite(16, 4, { pintid: 8193, icid: 1 })],
    [
      'a device that nobody knows, in whose ITT a live one has its event',
      (vm: PlantedVm) => vm.dte(40, { size: 4, ittAddr: vm.itt(16) }).dte(24, { size: 4, next: 16, ittAddr: vm.itt(24) }),
    ],
  ])('about %s, by a repair of what is proven', (_what, plant) => {
    const sharing = (vm: PlantedVm) => Object.assign(vm, { more: { profile: profiles['linux-7.3'] } })
    const vm = () => sharing(plant(goneRound(healthy({ queuePages: 1 })).ite(16, 1, { pintid: 8193, icid: 1, next: 3 })))
    expect(planOne(vm().input(), { allow: 'proven' }).writes).toEqual([])
    expect(planOne(vm().input(), { allow: 'everything' }).writes).not.toEqual([])
  })

  it('to a VM that restores, unless somebody asks for more', () => {
    const shadowed = () =>
      new PlantedVm()
        .map(20, {})
        .save()
        .unmap(20)
        .map(16, { 0: [8192, 0] })
        .map(24, { 0: [8194, 0] })
        .save()
        .input()
    expect(planOne(shadowed(), { allow: 'everything' }).writes).toEqual([])
    expect(planOne(shadowed(), { allow: 'proven', seal: false, rebuild: false, strict: false }).writes).toEqual([])
    const asking: readonly RepairOptions[] = [
      everything,
      { allow: new Set(['D204']) },
      { allow: 'proven', rebuild: true },
      { allow: 'proven', seal: true },
    ]
    for (const options of asking) expect(planOne(shadowed(), options).writes).toHaveLength(1)
  })

  it('of a repair that is half done when the work for it is spent', () => {
    const input = withOrphan(8).input()
    const { writes, obstacles } = planOne({ ...input, budget: budgetFor('repair', 2 ** 24) }, { allow: 'everything' })
    const says = 'the budget of work is spent, and something is left undone'
    expect([writes.length, obstacles]).toEqual([1, [{ kernel: '', says, limit: 'work' }]])
    expect(planOne({ ...input, budget: budgetFor('repair', 0) }, { allow: 'everything' }).writes).toEqual([])
  })
})
