import { describe, expect, it } from 'vitest'
import { audit, type Budget, setScene } from './index.ts'
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
    expect(within(stale(), { findings: 3 }).findings.at(-1)).toMatchObject({
      severity: 'note',
      says: 'There are more findings than the 3 that the budget lets a report list.',
    })
  })

  it('has so many orphans of each kind among the findings, says when there are more, and counts all', () => {
    expect(codes(stale(), { orphans: 2 })).toEqual(['D203', 'D203', 'I303', 'I303'])
    expect(codes(stale(), { orphans: 1 })).toEqual(['D203', 'I303', 'M704'])
    const report = within(stale(), { orphans: 1 })
    expect([report.orphans.devices, events(report), report.revived]).toEqual([[8, 12], 4, 4])
    expect(
      codes(stale().command('MAPD', { deviceId: 12, size: 4, ittAddr: stale().itt(12), valid: true }), { orphans: 1 }),
    ).toContain('M704')
  })

  it('reads so many entries and meets so many events, and says when there are more', () => {
    for (const budget of [{ entries: 100 }, { events: 3 }]) {
      const { findings, unread } = within(stale(), budget)
      expect(unread).toBe(1)
      expect(findings.find(({ code }) => code === 'M703')).toMatchObject({ severity: 'latent' })
      expect(findings.find(({ code }) => code === 'M703')!.says).toMatch(
        /^The tables are more work than the budget has: a restore was followed through \d+ entries\.$/,
      )
    }
    expect(within(stale(), {})).toMatchObject({ unread: 0 })
    expect(codes(stale(), {})).not.toContain('M703')
  })

  it('takes out so many of the entries to which KVM objects, one after another', () => {
    const objected = (objections: number) =>
      within(refused(), { objections })
        .findings.filter(({ code }) => code === 'I301')
        .map(({ eventId, severity }) => [eventId, severity])
    expect(objected(0)).toEqual([])
    expect(objected(1)).toEqual([[0, 'fails']])
    expect(objected(2)).toEqual([
      [0, 'fails'],
      [1, 'fails'],
    ])
    expect(objected(64)).toHaveLength(3)
    expect(within(refused(), { objections: 0 })).toMatchObject({ verdict: 'fails', errno: 'EINVAL' })
  })

  it('measures no entry when its trials are spent, and says what the restore as it is shows of each', () => {
    const shown = (vm: PlantedVm, trials: number) =>
      within(vm, { trials }).findings.map(
        ({ code, deviceId, eventId, severity }) => `${code} ${deviceId}:${eventId ?? ''} ${severity}`,
      )
    expect(shown(stale(), 0)).toEqual(['I303 16:2 corrupts', 'I303 16:3 corrupts', 'D203 8: latent', 'D203 12: latent'])
    expect(shown(stale(), 1)).toEqual(shown(stale(), 0))
    expect(shown(stale(), 2 ** 26)).toEqual(['D203 8: corrupts', 'D203 12: corrupts', 'I303 16:2 corrupts', 'I303 16:3 corrupts'])
    expect(shown(stale().ite(8, 0, { pintid: 40, icid: 0 }), 0)[0]).toBe('D203 8: fails')
    expect(shown(stale().ite(12, 0, { pintid: 40, icid: 0 }), 0)[0]).toBe('D203 12: fails')
  })
})
