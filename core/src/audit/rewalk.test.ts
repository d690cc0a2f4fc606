import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DTE, GICR_PENDBASER, ITE, type ProfileId, profiles } from '../abi/index.ts'
import { type Scene, setScenes } from './index.ts'
import { Rewalk } from './rewalk.ts'
import type { SimulatedRestore } from './simulate.ts'
import { PlantedVm, RAM, RAM_BYTES } from './testing/planted-vm.ts'

/** Few of each, so that devices meet in their ITTs and events in their LPIs. */
const id = fc.oneof({ weight: 9, arbitrary: fc.nat(9) }, fc.constantFrom(8191, 8192, 8195))
const eventId = fc.nat(3)
const lpi = fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 8192, max: 8202 }) }, fc.constantFrom(40, 70000))
const event = fc.record({ deviceId: id, eventId, lpi, icid: fc.nat(1) })
/** Whose ITT a device has. */
const owner = fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, id)

/**
 * Tables as KVM writes them, with devices that share ITTs and events that share LPIs, and a few entries that it did not write.
 * `pendingLost`: whether a vCPU has its pending table outside RAM.
 */
const tables = (pendingLost: fc.Arbitrary<boolean>) =>
  fc
    .record({
      indirect: fc.boolean(),
      beside: fc.boolean(),
      isPendingLost: pendingLost,
      devices: fc.uniqueArray(fc.record({ deviceId: id, owner }), { selector: ({ deviceId }) => deviceId, maxLength: 9 }),
      events: fc.array(event, { maxLength: 20 }),
      stray: fc.array(event, { maxLength: 3 }),
    })
    .map(({ indirect, beside, isPendingLost, devices, events, stray }) => {
      const first = new PlantedVm({ indirect })
      const vm = beside ? new PlantedVm({ beside: first, indirect }) : first
      if (beside) first.map(3, { 0: [8192, 0], 1: [8199, 0] }).save()
      for (const { deviceId, owner = deviceId } of devices) {
        const own = events.filter((one) => one.deviceId === deviceId).map((one) => [one.eventId, [one.lpi, one.icid]])
        vm.map(deviceId, Object.fromEntries(own), { ittAddr: vm.itt(owner) })
      }
      vm.save()
      for (const { deviceId, eventId, lpi, icid } of stray) vm.ite(deviceId, eventId, { pintid: lpi, icid })
      if (isPendingLost)
        first.redistributors[1] = {
          ...first.redistributors[1]!,
          pendbaser: GICR_PENDBASER.pack({ address: RAM + RAM_BYTES }),
        }
      return { first, vm }
    })

/** A word of the tables, or of an ITT, and what becomes of it. */
const change = fc.oneof(
  fc
    .record({ deviceId: id, next: fc.nat(4), size: fc.constantFrom(1, 4), owner, valid: fc.boolean() })
    .map(({ deviceId, owner = deviceId, ...entry }) => (vm: PlantedVm) => ({
      deviceId,
      at: vm.dteAt(deviceId),
      ...DTE.encode(entry.valid ? { ...entry, ittAddr: vm.itt(owner) } : {}),
    })),
  fc
    .record({ event, next: fc.nat(3), isCleared: fc.boolean() })
    .map(({ event: { deviceId, eventId, lpi: pintid, icid }, next, isCleared }) => (vm: PlantedVm) => ({
      deviceId,
      at: vm.iteAt(deviceId, eventId),
      ...ITE.encode(isCleared ? {} : { pintid, icid, next }),
    })),
)
type Change = (vm: PlantedVm) => { readonly deviceId: number; readonly at: ReturnType<PlantedVm['dteAt']> } & Word
type Word = ReturnType<typeof DTE.encode>

/** A kernel that maps an LPI for many events, and one that does not. */
const kernel = fc.constantFrom<ProfileId>('linux-5.10.223', 'linux-7.3.4')

/** What is in one restore and not in the other, device by device and event by event. */
function beyond(one: SimulatedRestore, other: SimulatedRestore): readonly string[] {
  const there = new Set(told(other))
  return told(one).filter((line) => !there.has(line))
}

function told({ mappings: { devices, events }, taken }: SimulatedRestore): string[] {
  return devices.flatMap(({ deviceId, ittAddr, eventIdBits, at, first, count }) => [
    `${deviceId} ${ittAddr} ${eventIdBits} ${at} passes over ${[...(taken.get(deviceId) ?? [])].join()}`,
    ...Array.from({ length: count }, (_, i) => first + i).map(
      (row) => `${deviceId} ${events.eventId[row]} ${events.lpi[row]} ${events.icid[row]}`,
    ),
  ])
}

/** A part and the whole tell the same of the changed words, and of the device of the first; false where there is no part. */
function expectAlike(scene: Scene, vm: PlantedVm, changes: readonly Change[]): boolean {
  const words = changes.map((one) => one(vm))
  const before = scene.restored
  const rewalk = Rewalk.of(scene, before)
  const memory = scene.memory.fork()
  for (const { at, lo, hi } of words) memory.setWord(at, lo, hi)
  const { deviceId } = words[0]!
  const part = rewalk?.over(memory, words, deviceId)
  if (part === undefined) return false
  const whole = scene.restoredFrom(memory, scene.profile.quirks)
  expect(part.after.objection).toEqual(whole.objection)
  expect(part.after.cut).toEqual(whole.cut)
  expect(part.after.work).toBeLessThanOrEqual(Math.max(before.work, whole.work))
  const of = ({ mappings, taken }: SimulatedRestore) => ({
    device: mappings.device(deviceId)?.at,
    events: [0, 1, 2, 3].map((eventId) => mappings.row(deviceId, eventId) >= 0),
    taken: taken.get(deviceId),
  })
  expect([of(part.before), of(part.after)]).toEqual([of(before), of(whole)])
  if (whole.objection === undefined) {
    expect(beyond(part.after, part.before)).toEqual(beyond(whole, before))
    expect(beyond(part.before, part.after)).toEqual(beyond(before, whole))
  }
  return true
}

describe('a restore of which a part is walked again', () => {
  it.each([
    ['whatever the tables and the words', fc.boolean(), 0.3],
    ['where a vCPU has its pending table outside RAM', fc.constant(true), 0.1],
  ])('comes to what the whole walk comes to, %s', (_when, pendingLost, share) => {
    let [parts, all] = [0, 0]
    fc.assert(
      fc.property(tables(pendingLost), kernel, fc.array(change, { minLength: 1, maxLength: 2 }), ({ first, vm }, id, changes) => {
        const scenes = setScenes({ ...first.input(), profile: profiles[id] })
        all++
        if (expectAlike(scenes.at(-1)!, vm, changes)) parts++
      }),
      { numRuns: 1000 },
    )
    expect(parts / all).toBeGreaterThan(share)
  })
})
