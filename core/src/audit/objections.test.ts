import { describe, expect, it } from 'vitest'
import { CTE, ENTRY_BYTES } from '../abi/index.ts'
import type { Gpa } from '../memory/index.ts'
import { audit, type Finding, setScene } from './index.ts'
import { COLLECTION_TABLE, PlantedVm, pciFunction } from './testing/planted-vm.ts'

const OUTSIDE = 0x3000_0000
const itt = (deviceId: number) => new PlantedVm().itt(deviceId)
const cteAt = (slot: number) => (COLLECTION_TABLE + slot * ENTRY_BYTES) as Gpa
const words = ({ lo, hi }: { readonly lo: number; readonly hi: number }) => [lo >>> 0, hi >>> 0]
const find = (vm: PlantedVm, code: string): Finding =>
  audit(setScene(vm.input())).findings.find((finding) => finding.code === code)!
const writes = ({ fix }: Finding) => fix.writes.map(({ at, to }) => [at, words({ lo: to[0], hi: to[1] })])
const saved = () =>
  new PlantedVm()
    .map(16, { 0: [8192, 0], 1: [8193, 0] })
    .map(24, { 0: [8194, 0] })
    .save()

describe('an entry to which KVM objects', () => {
  it.each([
    ['event', 'I301', saved().ite(16, 1, { pintid: 40, icid: 0 }), 'DeviceID 0x10 event 1', { deviceId: 16, eventId: 1 }],
    ['ITT', 'D205', saved().dte(24, { ittAddr: OUTSIDE, size: 4 }), 'DeviceID 0x18 event 0', { deviceId: 24 }],
    ['collection', 'C102', saved().cte(2, { icid: 1, rdBase: 0 }), 'collection 1', { icid: 1 }],
    [
      'device',
      'D202',
      Object.assign(
        saved()
          .clearRing()
          .dte(8, { ittAddr: itt(8), size: 17, next: 8 }),
        { more: { msi: [pciFunction(8, [])] } },
      ),
      'DeviceID 0x8',
      { deviceId: 8 },
    ],
  ])('is shown, and not offered to be cleared, when it is that of a live %s', (_what, code, vm, name, ids) => {
    const found = find(vm, code)
    expect(found).toMatchObject({ severity: 'fails', ...ids, fix: { safe: false, writes: [] } })
    expect(found.entries).toMatchObject([{ id: name, role: 'KVM stops here', at: found.at }])
    expect(found.evidence.map(({ says }) => says)).toEqual([`${name} is mapped`])
    expect(
      Object.keys(found)
        .filter((key) => ['deviceId', 'eventId', 'icid'].includes(key))
        .sort(),
    ).toEqual((code === 'D205' ? ['deviceId', 'eventId'] : Object.keys(ids)).sort())
  })

  it('may be cleared at one’s own risk when nobody knows it', () => {
    const vm = saved().goRound().command('INV', { deviceId: 16, eventId: 0 }).ite(16, 1, { pintid: 40, icid: 0 })
    const found = find(vm, 'I301')
    expect([found.evidence, found.fix.safe, writes(found)]).toEqual([[], false, [[vm.iteAt(16, 1), [0, 0]]]])
  })

  it('is the device’s own when it lies in an ITT that is a live device’s by now', () => {
    const stale = new PlantedVm()
      .map(8, {}, { ittAddr: itt(16) })
      .map(16, { 0: [8192, 0] })
      .save()
      .goRound()
      .command('INV', { deviceId: 8, eventId: 3 })
      .command('INV', { deviceId: 16, eventId: 0 })
      .ite(16, 0, { pintid: 8192, icid: 7 })
    const found = audit(setScene(stale.input())).findings.find(({ code, deviceId }) => code === 'I302' && deviceId === 8)!
    expect(found).toMatchObject({ eventId: 0, at: stale.dteAt(8), entries: [{ kind: 'DTE' }], fix: { safe: false } })
    expect(writes(found)).toEqual([[stale.dteAt(8), [0, 0]]])
  })

  it('says of a DTE how many bits it claims, and of an ITT how much of RAM it needs', () => {
    const huge = Object.assign(
      saved()
        .clearRing()
        .dte(8, { ittAddr: itt(8), size: 17, next: 8 }),
      {
        more: { msi: [pciFunction(8, [])] },
      },
    )
    expect(find(huge, 'D202').says).toBe('DeviceID 0x8 claims 18 EventID bits; KVM has 16.')
    expect(find(saved().dte(24, { ittAddr: OUTSIDE, size: 4 }), 'D205').says).toBe(
      'The ITT of DeviceID 0x18, 0x100 bytes at 0x30000000, is not all in guest RAM.',
    )
    expect(find(saved().ite(16, 1, { pintid: 8193, icid: 0, next: 40 }), 'I306').says).toBe(
      "next of event 1 of DeviceID 0x10 points 40 events on, past the ITT's 32 events.",
    )
  })
})

describe('a collection to which KVM objects', () => {
  it('is taken out of the list by the last one, which takes its place', () => {
    const vm = saved().cte(2, { icid: 5, rdBase: 9 }).cte(3, { icid: 6, rdBase: 0 }).cte(4, { icid: 7, rdBase: 1 })
    const last = CTE.encode({ valid: true, icid: 7, rdBase: 1 })
    expect(writes(find(vm, 'C101'))).toEqual([
      [cteAt(2), words(last)],
      [cteAt(4), [0, 0]],
    ])
    expect(writes(find(saved().cte(2, { icid: 5, rdBase: 9 }), 'C101'))).toEqual([[cteAt(2), [0, 0]]])
  })

  it('is taken out by the last one of a list that fills its table, and by none behind that', () => {
    const vm = saved()
    for (let slot = 2; slot < 8194; slot++) vm.cte(slot, { icid: slot, rdBase: slot === 100 ? 9 : 0 })
    expect(writes(find(vm, 'C101'))).toEqual([
      [cteAt(100), words(CTE.encode({ valid: true, icid: 8191, rdBase: 0 }))],
      [cteAt(8191), [0, 0]],
    ])
  })
})
