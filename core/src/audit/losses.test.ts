import { describe, expect, it } from 'vitest'
import { audit, type Finding, setScene } from './index.ts'
import { PlantedVm, pciFunction } from './testing/planted-vm.ts'
import { waiting } from './testing/rule-vms.ts'

const itt = (deviceId: number) => new PlantedVm().itt(deviceId)
const findings = (vm: PlantedVm, ...codes: readonly string[]): Finding[] =>
  audit(setScene(vm.input())).findings.filter(({ code }) => codes.includes(code))
const says = (vm: PlantedVm, ...codes: readonly string[]) => findings(vm, ...codes).map((finding) => finding.says)
const saved = () =>
  new PlantedVm()
    .map(16, { 0: [8192, 0], 1: [8193, 0] })
    .map(24, { 0: [8194, 0] })
    .save()

describe('a collection', () => {
  it('that the list has lost is told of, in the order of their numbers', () => {
    const vm = new PlantedVm().command('MAPC', { icid: 0, rdBase: 0, valid: true })
    vm.cte(0, { valid: false }).cte(1, { valid: false })
    expect(says(vm, 'C105')).toEqual([
      'The guest mapped collection 0 to RDbase 0; a restore does not find it.',
      'The guest mapped collection 1 to RDbase 1; a restore does not find it.',
    ])
  })

  it('that comes back on another vCPU than the guest mapped it to last is told of, in the order of their numbers', () => {
    const vm = new PlantedVm({ vcpus: 3 })
    vm.command('MAPC', { icid: 2, rdBase: 0, valid: true }).command('MAPC', { icid: 0, rdBase: 1, valid: true })
    expect(findings(vm, 'C106')).toMatchObject([
      {
        says: 'Collection 0 comes back on vCPU 0; the guest mapped it to 1.',
        icid: 0,
        severity: 'corrupts',
        evidence: [{ witness: 'command queue', says: 'MAPC ICID 0 RDbase 1' }],
      },
      { says: 'Collection 2 comes back on vCPU 2; the guest mapped it to 0.', icid: 2 },
    ])
  })

  it('that the guest unmapped is told of when mapped events belong to it, and only then', () => {
    const vm = new PlantedVm({ vcpus: 3 })
      .map(16, { 0: [8192, 2], 1: [8193, 2], 2: [8195, 0] })
      .map(24, { 0: [8194, 2] })
      .save()
      .unmap(24)
    vm.command('MAPC', { icid: 2, valid: false }).command('MAPC', { icid: 1, valid: false })
    expect(says(vm, 'C107')).toEqual(['2 mapped events belong to collection 2, which the guest unmapped.'])
  })
})

describe('a live device', () => {
  it('that a jump leads past has an entry: the chain does not speak against it', () => {
    const vm = saved()
      .map(32, {})
      .save()
      .dte(16, { ittAddr: itt(16), size: 4, next: 16 })
    expect(findings(vm, 'D209')).toMatchObject([
      {
        deviceId: 24,
        confidence: 'proven',
        at: vm.dteAt(24),
        says: 'The guest has DeviceID 0x18 mapped; no restore visits its entry.',
        evidence: [{ witness: 'command queue' }],
        entries: [{ role: 'lost' }, { id: 'DeviceID 0x18 event 0', role: 'lost' }],
        effect: { lost: { count: 1, first: [[24, 0]] }, lostDevices: 1 },
      },
    ])
  })

  it('that a restore brings back by way of a dead entry is not lost, though a stale one would end the way without it', () => {
    const vm = saved()
      .map(4, {})
      .save()
      .unmap(4)
      .dte(12, { ittAddr: itt(12), size: 4 })
      .command('MAPD', { deviceId: 12, valid: false })
    expect(audit(setScene(waiting(vm).input()))).toMatchObject({ verdict: 'restores', restored: { devices: 3 }, unknown: 1 })
    expect(findings(vm, 'D203', 'D209', 'I307', 'D215')).toMatchObject([
      { code: 'D203', deviceId: 4, severity: 'latent' },
      { code: 'D215', deviceId: 12, severity: 'note' },
    ])
  })

  it('is lost with those of its events that are live, and not with what witnesses disagree about', () => {
    const vm = saved().command('MAPTI', { deviceId: 24, eventId: 3, pintid: 8200, icid: 0 }).dte(24, { valid: false })
    expect(findings(vm, 'D209')[0]!.effect.lost).toEqual({
      count: 2,
      first: [
        [24, 0],
        [24, 3],
      ],
    })
    vm.more = { msi: [pciFunction(24, [3])] }
    expect(findings(vm, 'D209')[0]!.effect.lost).toEqual({ count: 1, first: [[24, 3]] })
  })

  it('that comes back with another ITT or size than the guest gave it is told of with both', () => {
    expect(says(saved().dte(16, { ittAddr: itt(16), size: 3, next: 8 }), 'D212')).toEqual([
      'The entry of DeviceID 0x10 has ITT 0x41010000 and 4 EventID bits; the guest mapped it with ITT 0x41010000 and 5 EventID bits.',
    ])
    expect(says(saved().dte(24, { ittAddr: itt(16), size: 4 }), 'D212')).toEqual([
      'The entry of DeviceID 0x18 has ITT 0x41010000 and 5 EventID bits; the guest mapped it with ITT 0x41018000 and 5 EventID bits.',
    ])
    const forgotten = saved().goRound().command('INV', { deviceId: 16, eventId: 0 })
    expect(findings(forgotten.dte(16, { ittAddr: itt(16), size: 3, next: 8 }), 'D212')).toEqual([])
  })

  it('is lost with all its events, of which the first sixteen are named', () => {
    const events = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [i, [8300 + i, 0] as const]))
    const vm = saved()
      .map(40, events)
      .save()
      .dte(24, { ittAddr: itt(24), size: 4 })
    const { lost } = findings(vm, 'D209')[0]!.effect
    expect([lost.count, lost.first]).toEqual([20, Array.from({ length: 16 }, (_, i) => [40, i])])
  })

  it('and every other is lost at once when the tables hold none', () => {
    const vm = new PlantedVm().map(16, { 0: [8192, 1], 1: [8193, 1] }).map(24, {})
    expect(findings(vm, 'D209', 'D211')).toMatchObject([
      { code: 'D211', severity: 'corrupts', effect: { lost: { count: 2 }, lostDevices: 2 } },
    ])
    expect(says(vm, 'D211')[0]).toContain('the guest has 2 devices mapped')
  })
})

describe('a live event', () => {
  it('whose entry is not there is lost, but not one that witnesses disagree about', () => {
    const vm = saved().ite(16, 0, {}).ite(16, 1, {})
    expect(says(vm, 'I307')).toEqual([
      'The guest has event 0 of DeviceID 0x10 mapped; the ITT has no entry for it.',
      'The guest has event 1 of DeviceID 0x10 mapped; the ITT has no entry for it.',
    ])
    vm.more = { msi: [pciFunction(16, [1]), pciFunction(24, [0])] }
    expect(findings(vm, 'I307').map(({ eventId, confidence }) => [eventId, confidence])).toEqual([[1, 'inferred']])
  })

  it('whose entry the chain leads past is lost, and has one', () => {
    const vm = saved()
      .command('MAPTI', { deviceId: 16, eventId: 2, pintid: 8300, icid: 0 })
      .ite(16, 0, { pintid: 8192, icid: 0, next: 2 })
      .ite(16, 2, { pintid: 8300, icid: 0 })
    expect(says(vm, 'I307')).toEqual(['The guest has event 1 of DeviceID 0x10 mapped; no restore visits its entry.'])
  })

  it.each([
    ['LPI', { pintid: 8200, icid: 0 }, 'LPI 8200 in collection 0', 'LPI 8194 in collection 0'],
    ['collection', { pintid: 8194, icid: 1 }, 'LPI 8194 in collection 1', 'LPI 8194 in collection 0'],
  ])('that comes back with another %s is told of with both', (_what, entry, table, guest) => {
    expect(findings(saved().ite(24, 0, entry), 'I308')).toMatchObject([
      {
        says: `Event 0 of DeviceID 0x18 comes back as ${table}; the guest mapped it as ${guest}.`,
        evidence: [{ witness: 'command queue', says: 'MAPTI 0x18/0 LPI 8194 ICID 0' }],
        entries: [{ role: 'not as mapped' }],
      },
    ])
  })

  it('of which the queue has kept less than all comes back right when that agrees', () => {
    const vm = (icid: number) =>
      saved().goRound().command('INV', { deviceId: 24, eventId: 0 }).command('MOVI', { deviceId: 16, eventId: 0, icid })
    expect(says(vm(0), 'I308')).toEqual([])
    expect(says(vm(1), 'I308')).toEqual([
      'Event 0 of DeviceID 0x10 comes back as LPI 8192 in collection 0; the guest mapped it as LPI 8192 in collection 1.',
    ])
  })
})
