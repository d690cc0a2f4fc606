import { describe, expect, it } from 'vitest'
import { ITE, type ProfileId, profileIds, profiles, releasedKernels, VIRT_ITS } from '../abi/index.ts'
import { budgetFor } from '../budget/testing/budget-for.ts'
import { streamFixtures } from '../formats/testing/fixtures.ts'
import type { Gpa } from '../memory/index.ts'
import { audit, judgeKernels, overrunFootprint, setScene } from './index.ts'
import { restoreAndSave } from './restore-and-save.ts'
import { auditFixture } from './testing/audit-fixture.ts'
import { PlantedVm } from './testing/planted-vm.ts'
import { problemCases } from './testing/problem-cases/index.ts'

const healthy = () =>
  new PlantedVm()
    .map(16, { 0: [8192, 0], 1: [8193, 1] })
    .map(24, { 0: [8194, 0] })
    .save()
const quirksOf = (kernels: readonly ProfileId[]) => kernels.map((kernel) => profiles[kernel].quirks)
const on = (kernel: ProfileId, vm: PlantedVm) => judgeKernels([setScene(vm.input())], [kernel])[0]!

describe('a saved VM on every kernel', () => {
  it('restores on all of them when it is well, and the save after it holds the same', () => {
    for (const row of judgeKernels([setScene(healthy().input())], profileIds)) {
      expect(row).toMatchObject({ verdict: 'restores', save: undefined, again: undefined, hostTrouble: [] })
    }
  })

  it.each(streamFixtures)('agrees with what the walk alone says: %s', async (name) => {
    const input = await auditFixture(name)
    const followed = profileIds.filter((kernel) => !profiles[kernel].quirks['scan-overrun'])
    for (const row of judgeKernels([setScene(input)], followed)) {
      const { verdict, errno, lost, revived } = audit(setScene({ ...input, profile: profiles[row.kernel] }))
      expect([row.kernel, row.verdict, row.errno]).toEqual([row.kernel, verdict, errno])
      if (verdict !== 'fails') expect([row.lost.count, row.revived.count]).toEqual([lost, revived])
    }
  })

  it.each(problemCases.map((one) => [one.code, one.when, one] as const))(
    'fails as a restore of the whole VM does, though the walk alone may have told: %s, %s',
    (_code, _when, { vm }) => {
      const scene = setScene(vm().input())
      for (const { kernel, failure } of judgeKernels([scene], profileIds)) {
        const { quirks } = profiles[kernel]
        const restored = scene.restoredBy(quirks)
        if (restored.cut === undefined)
          expect([kernel, failure]).toEqual([kernel, restoreAndSave([scene], quirks, [restored]).restore])
      }
    },
  )

  it('fails on 4.13 alone when a device has no event', () => {
    const rows = judgeKernels([setScene(healthy().map(32, {}).save().input())], profileIds)
    expect(rows.filter(({ verdict }) => verdict !== 'restores').map(({ kernel, errno }) => [kernel, errno])).toEqual([
      ['linux-4.13', 'EINVAL'],
    ])
  })

  it('fails with the register that a kernel refuses', () => {
    const vm = Object.assign(healthy(), { its: { iidr: 0x4b00143b } })
    expect(on('linux-7.3', vm)).toMatchObject({ verdict: 'fails', failure: { call: 'GITS_IIDR', errno: 'EINVAL' } })
  })

  it('names the events that are lost, brought back and misdirected', () => {
    const ghost = new PlantedVm()
      .map(16, { 0: [8192, 0], 1: [8193, 0] })
      .save()
      .discard(16, 0)
      .save()
    expect(on('linux-7.3', ghost)).toMatchObject({ verdict: 'corrupts', revived: { count: 1, first: [[16, 0]] } })
    const moved = healthy().command('MOVI', { deviceId: 16, eventId: 0, icid: 1 })
    expect(on('linux-7.3', moved)).toMatchObject({ verdict: 'corrupts', misdirected: { count: 1, first: [[16, 0]] } })
    const gone = healthy().ite(16, 1, {})
    expect(on('linux-7.3', gone)).toMatchObject({ verdict: 'corrupts', lost: { count: 1, first: [[16, 1]] } })
  })

  it('foresees the host that dies at the next save, and the one that does not (CVE-2026-89912)', () => {
    const vm = healthy()
    const { creadr } = vm.registers().itses[0]!
    vm.command('MAPC', { icid: 1, valid: false }).its = { creadr }
    expect(on('linux-6.6', vm).hostTrouble).toEqual([expect.stringContaining('CVE-2026-89912')])
    expect(on('linux-7.3', vm).hostTrouble).toEqual([])
  })

  it('foresees the soft lockup of a kernel that believes a DTE with more than 16 EventID bits', () => {
    const vm = healthy().dte(8, { size: 27, next: 8, ittAddr: 0x4200_0000 })
    expect(on('linux-6.6', vm).hostTrouble).toEqual([expect.stringContaining('soft lockup: DeviceID 0x8 claims 28 EventID bits')])
    expect(on('linux-7.3', vm)).toMatchObject({ verdict: 'fails', errno: 'EINVAL', hostTrouble: [] })
  })

  it('foresees it only where a restore comes to such a DTE, and reads its whole ITT', () => {
    const ittAddr = 0x4200_0000
    const trouble = (vm: PlantedVm) => on('linux-6.6', vm).hostTrouble
    const claims = (bits: number) => `soft lockup: DeviceID 0x8 claims ${bits} EventID bits; all are read with every vCPU locked`
    expect(trouble(healthy().dte(8, { size: 16, next: 8, ittAddr }))).toEqual([claims(17)])
    expect(trouble(healthy().dte(8, { size: 15, next: 8, ittAddr }))).toEqual([])
    expect(trouble(healthy().dte(20, { size: 27, next: 4, ittAddr }))).toEqual([])
    const failing = healthy().dte(8, { size: 16, next: 8, ittAddr })
    expect(trouble(failing.word(ittAddr as Gpa, ITE.encode({ pintid: 40 })))).toEqual([claims(17)])
    const other = healthy().dte(8, { size: 16, next: 8, ittAddr: 0x3000_0000 }).ite(16, 1, { pintid: 40 })
    expect(trouble(other)).toEqual([claims(17)])
  })

  it.each([10, 700])('foresees it where the tables are more than %i steps of work', (steps) => {
    const [row] = judgeKernels([setScene({ ...healthy().input(), budget: budgetFor('restore', steps) })], ['linux-7.3'])
    expect(row!.hostTrouble).toEqual(['soft lockup: the tables are read for minutes with every vCPU locked'])
  })

  it('has nothing to judge where there is no ITS', () => {
    expect(() => judgeKernels([], ['linux-7.3'])).toThrow('a VM without an ITS has nothing to judge')
  })

  it('says of a kernel that it does not judge nothing but that', () => {
    const input = { ...healthy().input(), budget: budgetFor('kernels', 2 ** 12) }
    const [oldest, newest] = judgeKernels([setScene(input)], ['linux-6.6', 'linux-7.3'])
    const nothing = { count: 0, first: [] }
    const damage = {
      lost: nothing,
      revived: nothing,
      misdirected: nothing,
      lostDevices: 0,
      misplacedDevices: 0,
      lostCollections: 0,
      hiddenDevices: 0,
      lostInterrupts: nothing,
    }
    const its = { index: 0, base: VIRT_ITS }
    expect(oldest).toEqual({
      kernel: 'linux-6.6',
      verdict: 'undecided',
      errno: undefined,
      failure: undefined,
      save: undefined,
      again: undefined,
      hostTrouble: [],
      ...damage,
      itses: [{ its, ...damage }],
    })
    expect(newest).toMatchObject({ kernel: 'linux-7.3', verdict: 'restores' })
  })

  it('leaves the oldest out when the restores are more work than they may be, and judges as many as that allows', () => {
    const judged = (steps: number) =>
      judgeKernels([setScene({ ...healthy().input(), budget: budgetFor('kernels', steps) })], profileIds)
        .filter(({ verdict }) => verdict !== 'undecided')
        .map(({ kernel }) => kernel)
    expect(judged(0)).toEqual([])
    expect(judged(2 ** 30)).toEqual(profileIds)
    expect(judged(2 ** 12)).toEqual(releasedKernels.slice(-1))
  })

  it('asks for what lies behind the tables of a kernel that runs past them', async () => {
    const input = await auditFixture('scattered-clean')
    expect(judgeKernels([setScene(input)], ['linux-5.10'])[0]!.verdict).toBe('undecided')
    const [more] = overrunFootprint(input, quirksOf(profileIds), 4096)
    expect(more).toMatchObject({ bytes: 4096 })
    expect(overrunFootprint(input, quirksOf(['linux-7.3']), 4096)).toEqual([])
  })
})
