import { describe, expect, it } from 'vitest'
import { profiles } from '../abi/index.ts'
import type { ProblemCode } from '../audit/index.ts'
import { PlantedVm, pciFunction } from '../audit/testing/planted-vm.ts'
import { healthy, withOrphan } from '../audit/testing/problem-cases/problem-case.ts'
import type { RepairOptions } from './index.ts'
import { planOne } from './testing/plan-one.ts'

/** Only commands about device 16 are left in the ring: the queue knows nothing of the others, nor where its ITT is. */
function goneRound(vm: PlantedVm): PlantedVm {
  for (let i = 0; i < 129; i++) vm.command('INV', { deviceId: 16, eventId: i % 2 })
  return vm
}

const only = (...codes: ProblemCode[]): RepairOptions => ({ allow: new Set(codes) })
const everything: RepairOptions = { allow: 'everything' }
const proven: RepairOptions = { allow: 'proven' }

/** `'D203 DTE DeviceID 0x8: finding'` for each word that changes. */
const written = (vm: PlantedVm, options: RepairOptions) =>
  planOne(vm.input(), options).writes.map(({ code, kind, id, because }) => `${code} ${kind} ${id}: ${because}`)

/** Event 1 of device 24 is discarded, and ends the chain that a restore follows: event 2 is behind it. */
const discarded = () =>
  new PlantedVm()
    .map(24, { 0: [8192, 0], 1: [8193, 0] })
    .save()
    .discard(24, 1)
    .command('MAPTI', { deviceId: 24, eventId: 2, pintid: 8194, icid: 0 })
    .ite(24, 2, { pintid: 8194, icid: 0 })

/** Events 0 and 1 of device 16 are live; event 4 has the LPI of one of them, and nobody knows it. */
const inferred = (next: number) =>
  goneRound(
    new PlantedVm({ queuePages: 1 })
      .map(16, { 0: [8192, 0], 1: [8193, 0] })
      .save()
      .ite(16, 0, { pintid: 8192, icid: 0, next })
      .ite(16, 1, { pintid: 8193, icid: 0, next: 3 })
      .ite(16, 4, { pintid: 8193, icid: 0 }),
  )

describe('what a repair writes', () => {
  it.each<[string, () => PlantedVm, RepairOptions, string[]]>([
    [
      'an orphan device is cleared in the device table',
      () => withOrphan(8, { 0: [8200, 0] }).dte(8, { size: 4, next: 8, ittAddr: 0x4100_8000 }),
      proven,
      ['D203 DTE DeviceID 0x8: finding'],
    ],
    [
      'so is one that is only named for an event of it, which claims the LPI of another',
      () =>
        Object.assign(withOrphan(8, { 0: [8194, 0] }).dte(8, { size: 4, next: 8, ittAddr: 0x4100_8000 }), {
          more: { profile: profiles['linux-7.3'] },
        }),
      only('I305'),
      ['I305 DTE DeviceID 0x8: finding'],
    ],
    ['a discarded event is cleared in its ITT', discarded, proven, ['I304 ITE event 1 of DeviceID 0x18: finding']],
    [
      'what was the last of a chain before it becomes that',
      () =>
        new PlantedVm()
          .map(24, { 0: [8192, 0], 1: [8193, 0] })
          .save()
          .discard(24, 1),
      proven,
      ['I303 ITE event 0 of DeviceID 0x18: last of its chain', 'I303 ITE event 1 of DeviceID 0x18: finding'],
    ],
    [
      'a device that has another ITT in the table is written anew, and nothing of another device or the collections',
      () =>
        healthy()
          .cte(1, { icid: 1, rdBase: 0 })
          .ite(24, 0, { pintid: 8300, icid: 0, next: 2 })
          .dte(16, { size: 3, next: 8, ittAddr: 0x4101_0000 }),
      only('D212'),
      ['D212 DTE DeviceID 0x10: MAPD'],
    ],
    [
      'nor what lies right behind its ITT',
      () =>
        healthy()
          .map(32, { 0: [8196, 0] }, { ittAddr: 0x4101_0100 })
          .save()
          .dte(16, { size: 3, next: 8, ittAddr: 0x4101_0000 }),
      only('D212'),
      ['D212 DTE DeviceID 0x10: MAPD'],
    ],
    [
      'an event that has another LPI in the table is written anew',
      () => healthy().ite(24, 0, { pintid: 8300, icid: 0, next: 2 }),
      everything,
      ['I308 ITE event 0 of DeviceID 0x18: MAPTI'],
    ],
    [
      'a live event that no restore can bring back, and of which the queue knows no LPI, is dropped, and the one before becomes the last',
      () => goneRound(healthy({ queuePages: 1 }).ite(16, 1, { pintid: 40, icid: 1 })),
      everything,
      ['I301 ITE event 0 of DeviceID 0x10: last of its chain', 'I301 ITE event 1 of DeviceID 0x10: finding'],
    ],
    [
      'a live device whose ITT is not in RAM, and of which the queue knows no other, is dropped',
      () => goneRound(healthy({ queuePages: 1 }).dte(16, { size: 4, next: 8, ittAddr: 0x3000_0000 })),
      everything,
      ['D205 DTE DeviceID 0x10: finding'],
    ],
    [
      'a chain is made to pass by a dead event that nobody may clear',
      () =>
        new PlantedVm()
          .map(16, { 0: [8192, 0], 1: [8193, 0], 4: [8194, 0] })
          .save()
          .discard(16, 4)
          .ite(16, 0, { pintid: 8192, icid: 0, next: 9 }),
      only('I307'),
      ['I307 ITE event 0 of DeviceID 0x10: next in its chain', 'I307 ITE event 1 of DeviceID 0x10: last of its chain'],
    ],
    [
      'but not by one that is only inferred to be dead, where only what is proven is asked for',
      () => inferred(9),
      proven,
      ['I307 ITE event 0 of DeviceID 0x10: next in its chain'],
    ],
    [
      'though by one that is proven dead, and whose word a live event of another device has',
      () =>
        new PlantedVm()
          .map(16, { 0: [8192, 0], 1: [8193, 0] }, { bits: 6 })
          .map(24, { 0: [8194, 0] }, { ittAddr: 0x4101_0100 })
          .save()
          .ite(16, 0, { pintid: 8192, icid: 0, next: 50 }),
      proven,
      ['I307 ITE event 0 of DeviceID 0x10: next in its chain'],
    ],
    [
      'by which it is made to pass where everything is allowed',
      () => inferred(9),
      everything,
      [
        'I307 ITE event 0 of DeviceID 0x10: next in its chain',
        'I307 ITE event 1 of DeviceID 0x10: last of its chain',
        'I309 ITE event 4 of DeviceID 0x10: finding',
      ],
    ],
    [
      'a jump out of the table is mended of a device that nobody knows',
      () => goneRound(healthy({ queuePages: 1 })).dte(24, { size: 4, next: 0x3fff, ittAddr: 0x4101_8000 }),
      { ...proven, strict: true },
      ['D208 DTE DeviceID 0x18: last of its chain'],
    ],
  ])('%s', (_what, vm, options, expected) => {
    expect(written(vm(), options)).toEqual(expected)
  })
})

describe('a repair of what is proven leaves', () => {
  it.each<[string, () => PlantedVm]>([
    [
      'an event that nobody knows, and that no restore can bring back',
      () => goneRound(healthy({ queuePages: 1 })).ite(24, 2, { pintid: 40, icid: 1 }),
    ],
    [
      'the chain of an event that nobody knows, though it leads out of the ITT',
      () => goneRound(healthy({ queuePages: 1 })).ite(24, 2, { pintid: 8195, icid: 1, next: 40 }),
    ],
    [
      'the chain past an event that nobody knows of a device that is live',
      () =>
        goneRound(healthy({ queuePages: 1 }).ite(16, 1, { pintid: 8193, icid: 1, next: 3 })).ite(16, 4, {
          pintid: 8400,
          icid: 1,
          next: 40,
        }),
    ],
    [
      'the collections as they are where witnesses disagree about any mapping',
      () => Object.assign(healthy().cte(1, { icid: 1, rdBase: 0 }), { more: { msi: [pciFunction(16, [0])] } }),
    ],
    [
      'a collection on no vCPU that the queue does not know',
      () => goneRound(healthy({ queuePages: 1 })).cte(2, { icid: 2, rdBase: 7 }),
    ],
  ])('%s', (_what, vm) => {
    const { writes, obstacles } = planOne(vm().input(), proven)
    expect([writes, obstacles.length > 0]).toEqual([[], true])
    expect(written(vm(), everything)).not.toEqual([])
  })
})
