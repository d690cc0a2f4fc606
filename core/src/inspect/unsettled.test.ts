import { describe, expect, it } from 'vitest'
import { profileOfKernel, profiles, type QuirkName } from '../abi/index.ts'
import { PlantedVm } from '../audit/testing/planted-vm.ts'
import { openFixture } from '../formats/testing/fixtures.ts'
import { type Inspection, inspect } from './index.ts'
import { plantedMachine } from './testing/planted-machine.ts'

const kernel = (name: string) => profileOfKernel(name)!.judged
const inspected = async (fixture: string, name: string) =>
  inspect(await openFixture(fixture), { kernel: kernel(name), judges: [] })
const told = (inspection: Inspection) => {
  const [{ verdict, errno, gaps, unsettled }] = inspection.audit() as [ReturnType<Inspection['audit']>[number]]
  return { verdict, errno, unsettled, gaps: gaps.map(({ code, says }) => `${code} ${says}`) }
}
const hangsOn = (quirk: QuirkName, ways: string) =>
  `M710 It is unknown whether the kernel has ${quirk}, and the restore hangs on that: with ${quirk} ${ways}.`

describe('a kernel of which not every quirk is known', () => {
  it.each<[fixture: string, name: string, says: string]>([
    [
      'scattered-clean',
      '5.15.100',
      hangsOn('scan-overrun', 'the restore fails with EFAULT at DeviceID 0x36200 event 0; without scan-overrun it restores'),
    ],
    [
      'scattered-unrestorable',
      '5.15.100',
      hangsOn(
        'scan-overrun',
        'the restore fails with EFAULT at DeviceID 0x22000 event 0; without scan-overrun the restore fails with EINVAL at DeviceID 0x5200 event 0',
      ),
    ],
    [
      'churned',
      '4.14.300',
      hangsOn(
        'restore-needs-last-entry',
        'the restore fails with EINVAL at the device table; without restore-needs-last-entry it restores',
      ),
    ],
  ])('leaves the verdict undecided where the restore hangs on one: %s on %s', async (fixture, name, says) => {
    const inspection = await inspected(fixture, name)
    const { id, unsettled } = kernel(name)
    expect(told(inspection)).toEqual({ verdict: 'undecided', errno: undefined, unsettled, gaps: [says] })
    expect(inspection.judge([id])).toMatchObject([{ kernel: id, verdict: 'undecided', errno: undefined, lost: { count: 0 } }])
    expect(says).toContain(`whether the kernel has ${inspection.judge([id])[0]!.hangsOn!.join()},`)
  })

  it.each([
    ['healthy', '5.15.100', 'restores', undefined],
    ['ghosts', '5.15.100', 'corrupts', undefined],
    ['churned', '5.15.100', 'restores', undefined],
    ['scattered-unrestorable', '6.6.70', 'fails', 'EINVAL'],
    ['scattered-clean', '4.14.300', 'fails', 'EFAULT'],
  ])('has the verdict that holds both ways: %s on %s %s', async (fixture, name, verdict, errno) => {
    const inspection = await inspected(fixture, name)
    const { id, unsettled } = kernel(name)
    expect(unsettled).not.toEqual([])
    expect(told(inspection)).toEqual({ verdict, errno, unsettled, gaps: [] })
    const [row] = inspection.judge([id])
    expect([row!.verdict, row!.errno, row!.hangsOn]).toEqual([verdict, errno, undefined])
  })

  it('is judged by the quirks of its own release, where the nearest profile has others', async () => {
    expect(profileOfKernel('4.19')).toMatchObject({ profile: 'linux-4.13' })
    expect(profiles['linux-4.13'].quirks['restore-needs-last-entry']).toBe(true)
    const inspection = await inspected('churned', '4.19')
    expect(told(inspection)).toMatchObject({ verdict: 'restores', gaps: [] })
    expect(inspection.judge(['linux-4.13'])).toMatchObject([{ verdict: 'restores' }])
    expect(told(inspection.restoredBy('linux-4.13'))).toMatchObject({ verdict: 'fails', unsettled: [] })
  })

  it('is said to do after the restore what it may do', async () => {
    const waiting = (kernelName: string) => {
      const vm = new PlantedVm().map(16, { 0: [8192, 0] }).map(24, { 0: [8193, 0] })
      vm.save().command('MAPD', { deviceId: 16, valid: false })
      vm.its = { creadr: BigInt(32 * 6) }
      return inspect(plantedMachine(vm), { kernel: kernel(kernelName), judges: [] })
    }
    const inspection = await waiting('6.6.70')
    expect(told(inspection)).toMatchObject({ verdict: 'restores', gaps: [] })
    expect(inspection.judge(['linux-6.6'])[0]).toMatchObject({
      verdict: 'restores',
      again: expect.stringMatching(/^with keeps-unmapped, of which it is unknown whether the kernel has it: /),
    })
  })
})

describe('a repair for such a kernel', () => {
  it.each([
    ['scattered-clean', '5.15.100'],
    ['scattered-unrestorable', '5.15.100'],
  ])('is written where its result is right both ways: %s on %s', async (fixture, name) => {
    const inspection = await inspected(fixture, name)
    const { writes, obstacles, kernels, itses } = inspection.plan()
    expect([writes.length > 0, obstacles]).toEqual([true, []])
    expect(itses[0].after).toMatchObject({ verdict: 'restores', gaps: [] })
    expect(kernels.every(({ after }) => after.verdict === 'restores')).toBe(true)
  })

  it('changes nothing where no change is right both ways', async () => {
    const { writes, obstacles } = (await inspected('churned', '4.14.300')).plan({ allow: 'everything' })
    expect(writes).toEqual([])
    expect(obstacles.map(({ says }) => says)).toEqual([expect.stringContaining('M710')])
  })
})
