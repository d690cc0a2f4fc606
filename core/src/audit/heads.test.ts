import { describe, expect, it } from 'vitest'
import { HEAD_DTE, HEAD_ITE, HEAD_MAGIC, type ProfileId, profileIds, profiles } from '../abi/index.ts'
import { dteBlocks } from '../tables/index.ts'
import { audit, type Head, headReaders, headsOf, setScene } from './index.ts'
import { auditFixture } from './testing/audit-fixture.ts'
import { PlantedVm } from './testing/planted-vm.ts'
import { healthy } from './testing/problem-cases/index.ts'

const tableHead = (vm: PlantedVm, first: number, at = 0) => vm.word(vm.dteAt(at), HEAD_DTE.encode({ magic: HEAD_MAGIC, first }))
const ittHead = (vm: PlantedVm, deviceId: number, first: number, eventId = 0) =>
  vm.word(vm.iteAt(deviceId, eventId), HEAD_ITE.encode({ magic: HEAD_MAGIC, first }))

/** Device 24 has events 2 and 5. */
const late = (options = {}) =>
  new PlantedVm(options)
    .map(24, { 2: [8194, 0], 5: [8195, 1] })
    .map(30, { 0: [8196, 0] })
    .save()

/** `DTE 0 names 24`, `ITE 24 names 5, first 2`: each head, and of a stale one the first that is live. */
const told = (vm: PlantedVm) =>
  headsOf(setScene(vm.input())).map(
    ({ kind, deviceId, names, first, isStale }: Head) =>
      `${kind} ${deviceId} names ${names ?? 'none'}${isStale ? `, first ${first ?? 'none'}` : ''}`,
  )

const on = (vm: PlantedVm, kernel: ProfileId) => audit(setScene({ ...vm.input(), profile: profiles[kernel] }))
const codes = (vm: PlantedVm, kernel: ProfileId) => on(vm, kernel).findings.map(({ code, severity }) => `${code} ${severity}`)

describe('a head', () => {
  it('is true when it names the first live entry, and then no problem on any kernel', () => {
    const vm = ittHead(tableHead(late(), 24), 24, 2)
    expect(told(vm)).toEqual(['DTE 0 names 24', 'ITE 24 names 2'])
    for (const kernel of profileIds) expect(codes(vm, kernel)).toEqual(codes(late(), kernel))
    expect(on(vm, 'linux-7.3.4').heads).toEqual({ deviceTable: 1, itts: 1, stale: 0 })
  })

  it.each([
    ['behind the first live one', 5],
    ['before it, where nothing is', 1],
    ['past its table', 31],
    ['nothing', 0],
  ])('is stale when it names an event %s', (_where, first) => {
    expect(told(ittHead(late(), 24, first))).toEqual([`ITE 24 names ${first || 'none'}, first 2`])
  })

  it('that says that nothing is live is true of a table without entries', () => {
    const empty = () => new PlantedVm().map(24, {}).save()
    expect(told(ittHead(empty(), 24, 0))).toEqual(['ITE 24 names none'])
    expect(told(ittHead(empty(), 24, 3))).toEqual(['ITE 24 names 3, first none'])
  })

  it('is true that jumps over an orphan, and stale that names one', () => {
    const orphaned = () =>
      new PlantedVm()
        .map(24, { 1: [8193, 0], 4: [8194, 0] })
        .save()
        .discard(24, 1)
        .save()
    expect(told(ittHead(orphaned(), 24, 4))).toEqual(['ITE 24 names 4'])
    expect(told(ittHead(orphaned(), 24, 1))).toEqual(['ITE 24 names 1, first 4'])
  })

  it('stands at index 0 of every second-level page, and counts from there', () => {
    const vm = () =>
      new PlantedVm({ indirect: true })
        .map(8300, { 0: [8192, 0] })
        .map(24, { 0: [8193, 0] })
        .save()
    expect(told(tableHead(tableHead(vm(), 24), 108, 8192))).toEqual(['DTE 0 names 24', 'DTE 8192 names 8300'])
    expect(told(tableHead(vm(), 100, 8192))).toEqual(['DTE 8192 names 8292, first 8300'])
  })

  it('of the proposal, in a first page without devices, names the first of another page', () => {
    const vm = new PlantedVm({ indirect: true }).map(8300, { 0: [8192, 0] }).save()
    expect(told(tableHead(vm, 8300))).toEqual(['DTE 0 names 8300'])
    expect(told(tableHead(vm, 8301))).toEqual(['DTE 0 names 8301, first none'])
  })

  it('is none at another index, in the ITT of a device that is gone, or where event 0 is live', () => {
    expect(told(ittHead(tableHead(late(), 28, 28), 24, 5, 4))).toEqual([])
    const gone = late()
      .map(40, { 3: [8200, 0] })
      .save()
      .unmap(40)
      .save()
    expect(told(ittHead(gone, 40, 9))).toEqual([])
    const live = late().ite(30, 0, { pintid: 8196, icid: HEAD_MAGIC })
    expect(told(live)).toEqual([])
  })
})

describe('a stale head', () => {
  it('does no harm on any kernel but those that follow heads', () => {
    const vm = ittHead(tableHead(healthy(), 24), 24, 2, 1).word(
      late().dteAt(0),
      HEAD_DTE.encode({ magic: HEAD_MAGIC, first: 24 }),
    )
    for (const kernel of profileIds.filter((id) => !headReaders.includes(id))) {
      expect([kernel, on(vm, kernel).verdict, codes(vm, kernel)]).toEqual([
        kernel,
        on(healthy(), kernel).verdict,
        [...codes(healthy(), kernel), 'D216 latent'].sort(bySeverity),
      ])
    }
    expect(headReaders).toEqual(['proposal-2024'])
  })

  it('loses, on a kernel that follows it, what comes before the entry it names', () => {
    const { verdict, findings } = on(ittHead(late(), 24, 5), 'proposal-2024')
    const stale = findings.find(({ code }) => code === 'I311')!
    expect([verdict, stale.severity, stale.effect.lost.first]).toEqual(['corrupts', 'corrupts', [[24, 2]]])
  })

  it('fails the restore of such a kernel when it names an event past its ITT', () => {
    const { verdict, errno } = on(ittHead(late(), 24, 40), 'proposal-2024')
    expect([verdict, errno]).toEqual(['fails', 'EINVAL'])
  })

  it('planted in the device table of a real saved VM is found on every kernel', async () => {
    const healthyVm = await auditFixture('healthy')
    const memory = healthyVm.memory.fork()
    const input = { ...healthyVm, memory }
    const { lo, hi } = HEAD_DTE.encode({ magic: HEAD_MAGIC, first: 9999 })
    memory.setWord(dteBlocks(memory, setScene(input).view.deviceTable)[0]!.base, lo, hi)
    for (const kernel of profileIds) {
      const { findings } = audit(setScene({ ...input, profile: profiles[kernel] }))
      expect([kernel, findings.map(({ code }) => code).filter((code) => code === 'D216')]).toEqual([kernel, ['D216']])
    }
  })

  it('is told in a sentence', () => {
    const says = (vm: PlantedVm) => audit(setScene(vm.input())).findings.map((one) => one.says)
    expect(says(tableHead(late(), 30))).toEqual([
      'The head of the device table names DeviceID 0x1e; the first live one is DeviceID 0x18.',
    ])
    expect(says(ittHead(late(), 24, 0))).toEqual([
      'The head in the ITT of DeviceID 0x18 says that nothing is live; the first live one is event 2.',
    ])
  })
})

const order = ['fails', 'corrupts', 'latent', 'note']
const bySeverity = (a: string, b: string) => order.indexOf(a.split(' ')[1]!) - order.indexOf(b.split(' ')[1]!)
