import { describe, expect, it } from 'vitest'
import { profiles, releasedKernels } from '../abi/index.ts'
import { audit, setScenes } from '../audit/index.ts'
import { PlantedVm } from '../audit/testing/planted-vm.ts'
import { budgetFor } from '../budget/testing/budget-for.ts'
import { planRepair } from './index.ts'

/** A VM with two ITSes, in each of which the guest has device 16 mapped. */
function twoItses() {
  const first = new PlantedVm().map(16, { 0: [8192, 0], 1: [8193, 1] }).save()
  const second = new PlantedVm({ beside: first }).map(16, { 0: [8200, 0] }).save()
  return { first, second }
}

/** Maps device 8, and leaves its entry behind. */
const withOrphan = (vm: PlantedVm, ittAddr: number) =>
  vm
    .map(8, { 0: [8300, 0] })
    .save()
    .unmap(8)
    .save()
    .dte(8, { size: 4, next: 8, ittAddr })

describe('repairing a VM with two ITSes', () => {
  it('clears the orphan of the second, names its ITS, and leaves the first as it is', () => {
    const { first, second } = twoItses()
    withOrphan(second, 0x4300_8000)
    const scenes = setScenes(first.input())
    const { writes, itses, obstacles, kernels, memory } = planRepair(scenes, { allow: 'proven' })
    expect(writes.map(({ its, at, to }) => [its, at, ...to])).toEqual([[1, second.dteAt(8), 0, 0]])
    expect(itses.map(({ its, before, after }) => [its.index, before.verdict, after.verdict])).toEqual([
      [0, 'restores', 'restores'],
      [1, 'corrupts', 'restores'],
    ])
    expect(itses[0].after).toEqual(itses[0].before)
    expect([obstacles, kernels.length]).toEqual([[], releasedKernels.length])
    const repaired = setScenes({ ...first.input(), memory })
    expect(repaired.map((scene) => [audit(scene).verdict, audit(scene).findings])).toEqual([
      ['restores', []],
      ['restores', []],
    ])
  })

  it('mends both on one overlay', () => {
    const { first, second } = twoItses()
    withOrphan(first, 0x4100_8000)
    withOrphan(second, 0x4300_8000)
    first.more = { profile: profiles['linux-7.3'] }
    const { writes, itses, obstacles } = planRepair(setScenes(first.input()), { allow: 'proven' })
    expect(writes.map(({ its, id }) => [its, id])).toEqual([
      [0, 'DeviceID 0x8'],
      [1, 'DeviceID 0x8'],
    ])
    expect([itses.map(({ after }) => after.verdict), obstacles]).toEqual([['restores', 'restores'], []])
  })

  it('is not proven good while one of them stays as it is: the obstacle names it', () => {
    const { first, second } = twoItses()
    withOrphan(first, 0x4100_8000)
    second.dte(16, { size: 4, next: 0, ittAddr: 0x3000_0000 })
    const { obstacles } = planRepair(setScenes(first.input()), { allow: 'proven' })
    expect(obstacles[0]).toMatchObject({ its: { index: 1 }, says: expect.stringContaining('the restore still fails: EFAULT') })
  })

  it('loses nothing in an ITS whose events only another one names by the same ids', () => {
    const { first, second } = twoItses()
    second.dte(16, { valid: false })
    const { itses } = planRepair(setScenes(first.input()), { allow: 'proven' })
    expect(itses.map(({ lost, lostDevices }) => [lost, lostDevices])).toEqual([
      [[], []],
      [[[16, 0]], [16]],
    ])
  })

  it('writes nothing when not everything can be looked at in one of them', () => {
    const { first, second } = twoItses()
    second.map(24, { 0: [8201, 0], 1: [8202, 0] }).save()
    const most = Math.max(...setScenes(first.input()).map(({ tables }) => tables.work))
    const blocked = planRepair(setScenes({ ...first.input(), budget: budgetFor('sweep', 2 * (most - 1)) }), {
      allow: 'everything',
      rebuild: true,
    })
    expect([blocked.writes, blocked.obstacles.map(({ says }) => says.slice(0, 4))]).toEqual([[], ['M703']])
  })

  it('needs an ITS', () => {
    expect(() => planRepair([], { allow: 'proven' })).toThrow(RangeError)
  })
})
