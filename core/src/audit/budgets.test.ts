import { describe, expect, it } from 'vitest'
import type { Budget } from '../budget/index.ts'
import { budgetFor } from '../budget/testing/budget-for.ts'
import { audit, setScene, setScenes } from './index.ts'
import { PlantedVm } from './testing/planted-vm.ts'

/** Devices 8 and 12 are dead, and so are events 2 and 3 of device 16; each comes back with a restore. */
const stale = () =>
  new PlantedVm()
    .map(8, { 0: [8300, 0] })
    .map(12, { 0: [8301, 0] })
    .map(16, { 0: [8192, 0], 2: [8193, 0], 3: [8194, 0], 4: [8196, 0] })
    .map(24, { 0: [8195, 0] })
    .save()
    .unmap(8)
    .unmap(12)
    .discard(16, 2)
    .discard(16, 3)
/** Three live events of device 16 that KVM refuses, one after another. */
const refused = () => {
  const vm = new PlantedVm().map(16, { 0: [8192, 0], 1: [8193, 0], 2: [8194, 0] }).save()
  for (const eventId of [0, 1, 2]) vm.ite(16, eventId, { pintid: 40 + eventId, icid: 0, next: eventId < 2 ? 1 : 0 })
  return vm
}
const within = (vm: PlantedVm, budget: Partial<Budget>) => audit(setScene({ ...vm.input(), budget }))
const codes = (vm: PlantedVm, budget: Partial<Budget>) => within(vm, budget).findings.map(({ code }) => code)
const events = ({ orphans }: ReturnType<typeof audit>) => orphans.events.length

describe('an audit within a budget', () => {
  it('lists so many findings, and says when there are more', () => {
    expect(codes(stale(), { findings: 4 })).toEqual(['D203', 'D203', 'I303', 'I303'])
    expect(codes(stale(), { findings: 3 })).toEqual(['D203', 'D203', 'I303', 'M704'])
    expect(within(stale(), { findings: 3 })).toMatchObject({ verdict: 'corrupts', gaps: [{ code: 'M704', limit: 'findings' }] })
    expect(within(stale(), { findings: 3 }).findings.at(-1)).toMatchObject({
      severity: 'note',
      says: 'There are more findings than the 3 that the budget lets a report list.',
    })
  })

  it('counts all orphans, however few it lists', () => {
    expect(codes(stale(), { findings: 1 })).toEqual(['D203', 'M704'])
    const report = within(stale(), { findings: 1 })
    expect([report.orphans.devices, events(report), report.revived]).toEqual([[8, 12], 4, 4])
  })

  it('follows a restore, and looks through the tables, for so much work, and says when there is more', () => {
    const { restored, tables } = setScene(stale().input())
    for (const budget of [budgetFor('restore', restored.work - 1), budgetFor('sweep', tables.work - 1)]) {
      const { findings, unread, gaps } = within(stale(), budget)
      expect([unread, gaps.map(({ code, limit }) => `${code} ${limit}`)]).toEqual([1, ['M703 work']])
      expect(findings.find(({ code }) => code === 'M703')).toMatchObject({ severity: 'latent' })
      expect(gaps[0]!.says).toMatch(
        /^The tables are more work than the budget has: a restore was followed through \d+ entries\.$/,
      )
    }
    for (const budget of [budgetFor('restore', restored.work), budgetFor('sweep', tables.work)]) {
      expect(within(stale(), budget)).toMatchObject({ unread: 0, gaps: [] })
    }
  })

  it('divides the work among the ITSes of a VM', () => {
    const two = () => {
      const first = stale()
      new PlantedVm({ beside: first }).map(8, { 0: [8400, 0] }).save()
      return first.input()
    }
    const work = Math.max(...setScenes(two()).map(({ restored }) => restored.work))
    const cut = (steps: number) =>
      setScenes({ ...two(), budget: budgetFor('restore', steps) }).map(({ restored }) => restored.cut !== undefined)
    expect([cut(2 * work), cut(2 * work - 1)]).toEqual([
      [false, false],
      [true, false],
    ])
  })

  it('takes out the entries to which KVM objects one after another, as long as there is work and room in the report for them', () => {
    const objected = (budget: Partial<Budget>) =>
      within(refused(), budget)
        .findings.filter(({ code }) => code === 'I301')
        .map(({ eventId, severity }) => [eventId, severity])
    expect(objected(budgetFor('trials', 0))).toEqual([])
    expect(objected({ findings: 1 })).toEqual([[0, 'fails']])
    expect(objected({ findings: 2 })).toEqual([
      [0, 'fails'],
      [1, 'fails'],
    ])
    expect(objected({})).toHaveLength(3)
    expect(within(refused(), budgetFor('trials', 0))).toMatchObject({
      verdict: 'fails',
      errno: 'EINVAL',
      gaps: [{ code: 'M708', limit: 'work' }],
    })
  })

  it('measures no entry when its trials are spent, says so, and says what the restore as it is shows of each', () => {
    const shown = (vm: PlantedVm, budget: Partial<Budget>) =>
      within(vm, budget).findings.map(
        ({ code, deviceId, eventId, severity }) => `${code} ${deviceId}:${eventId ?? ''} ${severity}`,
      )
    const none = budgetFor('trials', 0)
    expect(shown(stale(), none)).toEqual([
      'I303 16:2 corrupts',
      'I303 16:3 corrupts',
      'D203 8: latent',
      'D203 12: latent',
      'M708 undefined: note',
    ])
    expect(shown(stale(), {})).toEqual(['D203 8: corrupts', 'D203 12: corrupts', 'I303 16:2 corrupts', 'I303 16:3 corrupts'])
    expect(shown(stale().ite(8, 0, { pintid: 40, icid: 0 }), none)[0]).toBe('D203 8: fails')
    expect(shown(stale().ite(12, 0, { pintid: 40, icid: 0 }), none)[0]).toBe('D203 12: fails')
  })
})
