import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PlantedVm, RAM } from '../audit/testing/planted-vm.ts'
import { restoreVm } from '../kvm/index.ts'
import { type Gpa, type GuestMemory, LoadableMemory, PAGE_BYTES } from '../memory/index.ts'
import { stateDifference } from '../seal/index.ts'
import { sweepTables, tableView } from '../tables/index.ts'
import { scrubInto } from './index.ts'

const DEVICE = 8
const EVENTS = 32
const bytes = 0x120_0000
const pages = [{ base: RAM as Gpa, bytes }]

function scrubbed(vm: PlantedVm): LoadableMemory {
  const blank = new LoadableMemory(vm.memory.ranges)
  scrubInto(blank, vm.memory, vm.registers(), pages)
  return blank
}

/** What KVM answers: how the restore ends and at which entry, or the devices and events that are there then. */
function answer(vm: PlantedVm, memory: GuestMemory) {
  const outcome = restoreVm(memory.fork(), vm.registers())
  if (outcome.ok) return { its: outcome.value.vm.itses[0]!.its }
  const { errno, step, where } = outcome
  return { errno, step, what: where?.what, deviceId: where?.deviceId, eventId: where?.eventId }
}

describe('a scrubbed copy of the tables', () => {
  const some = <T>(...values: T[]) => fc.constantFrom(...values)
  const entry = fc.record({
    eventId: fc.nat(EVENTS - 1),
    pintid: some(0, 1, 8191, 8192, 8200, 65535, 65536, 0xffff_ffff),
    icid: some(0, 1, 2, 7, 65535),
    next: some(0, 1, 2, 31, 32, 65535),
  })

  it('is answered by KVM as the tables themselves, whatever lies in them', () => {
    const endings = new Set<string>()
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 6 }), some(0, 1, 2, 65535), (entries, icid) => {
        const vm = new PlantedVm().map(DEVICE, { 0: [8192, 0], 3: [8193, 1] }).save()
        if (icid > 1) vm.cte(2, { icid, rdBase: 0 })
        for (const { eventId, ...ite } of entries) vm.ite(DEVICE, eventId, ite)
        const [was, is] = [answer(vm, vm.memory), answer(vm, scrubbed(vm))]
        endings.add('its' in was ? 'restores' : was.errno)
        if ('its' in was && 'its' in is) expect(stateDifference(was.its, is.its)).toBeUndefined()
        else expect(is).toEqual(was)
      }),
    )
    expect(endings.size).toBeGreaterThan(1)
  })

  it('is the same, whatever was in words that are no entries', () => {
    const secret = fc.record({
      pintid: fc.integer({ min: 2 ** 30, max: 2 ** 32 - 1 }),
      icid: fc.integer({ min: 100, max: 65_000 }),
    })
    const secrets = fc.uniqueArray(secret, { minLength: 4, maxLength: 4, selector: ({ pintid }) => pintid })
    const distinct = secrets.filter((list) => new Set(list.map(({ icid }) => icid)).size === list.length)
    const places = fc.uniqueArray(fc.nat(EVENTS - 1), { minLength: 4, maxLength: 4 })
    fc.assert(
      fc.property(places, distinct, distinct, some(0, EVENTS), (eventIds, one, other, next) => {
        const [first, second] = [one, other].map((list) => {
          const vm = new PlantedVm().map(DEVICE, { 0: [8192, 0] }).save()
          for (const [i, eventId] of eventIds.entries()) vm.ite(DEVICE, eventId, { ...list[i]!, next })
          return scrubbed(vm).read(vm.itt(DEVICE) as Gpa, PAGE_BYTES)
        })
        expect(first).toEqual(second)
      }),
      { numRuns: 25 },
    )
  })

  it('says when it may not look at all entries, so that what is copied may lack some', () => {
    const vm = new PlantedVm().map(DEVICE, { 0: [8192, 0], 3: [8193, 1] }).save()
    const none = { collection: () => {}, device: () => {}, event: () => {} }
    const { work } = sweepTables(vm.memory, tableView(vm.registers()), none)
    const copied = (mostWork: number) =>
      scrubInto(new LoadableMemory(vm.memory.ranges), vm.memory, vm.registers(), pages, mostWork)
    expect([copied(work), copied(work - 1), copied(0)]).toEqual([true, false, false])
  })

  it('holds nothing of what lies between the entries, and all of the registers’ tables', () => {
    const vm = new PlantedVm().map(DEVICE, { 0: [8192, 0] }, { bits: 5 }).save()
    const itt = vm.itt(DEVICE)
    vm.memory.write((itt + EVENTS * 8) as Gpa, new Uint8Array(64).fill(0xaa))
    const copy = scrubbed(vm)
    const same = (at: number) => Buffer.compare(copy.read(at as Gpa, PAGE_BYTES), vm.memory.read(at as Gpa, PAGE_BYTES)) === 0
    expect(copy.read((itt + EVENTS * 8) as Gpa, 64)).toEqual(new Uint8Array(64))
    const different: number[] = []
    for (let at = RAM; at < RAM + bytes; at += PAGE_BYTES) if (!same(at)) different.push(at)
    expect(different).toEqual([itt])
  })
})
