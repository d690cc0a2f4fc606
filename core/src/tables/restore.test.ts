import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Gpa, PAGE_BYTES } from '../memory/index.ts'
import { restoreTables, savePendingTables, saveTables, WALK_WORK } from './index.ts'
import { LiveIts, stateOf } from './testing/live-its.ts'
import { withQuirks } from './testing/planted.ts'

/** Any state that commands can reach, without device or table gone. */
const states = fc.record({
  indirect: fc.boolean(),
  collections: fc.uniqueArray(fc.record({ icid: fc.nat(8191), vcpu: fc.integer({ min: -1, max: 2 }) }), {
    minLength: 1,
    maxLength: 5,
    selector: ({ icid }) => icid,
  }),
  devices: fc.uniqueArray(
    fc.record({
      deviceId: fc.oneof(fc.nat(70), fc.nat(65535)),
      bits: fc.integer({ min: 1, max: 11 }),
      events: fc.array(fc.record({ eventId: fc.nat(2047), pintid: fc.integer({ min: 8192, max: 8300 }), icid: fc.nat() })),
    }),
    { maxLength: 8, selector: ({ deviceId }) => deviceId },
  ),
})

type State = typeof states extends fc.Arbitrary<infer S> ? S : never

function laid({ indirect, collections, devices }: State): LiveIts {
  const quirks = withQuirks('lpi-mapped-by-many')
  const vm = new LiveIts({ quirks, indirect, l2Pages: [0, 1, 2, 3, 4, 5, 6, 7], vcpuIds: [0, 1, 2] })
  for (const { icid, vcpu } of collections) vm.its.collections.set(icid, vcpu)
  devices.forEach(({ deviceId, bits, events }, n) => {
    const slot = vm.its.addDevice(deviceId, vm.itt(n), bits)
    for (const { eventId, pintid, icid } of events) {
      const id = eventId % 2 ** bits
      if (vm.its.events.find(slot, id) >= 0) continue
      vm.its.mapEvent(slot, id, pintid, collections[icid % collections.length]!.icid, 0)
    }
  })
  return vm
}

describe('restoring the tables', () => {
  it('brings back exactly what a save wrote, whatever is mapped', () => {
    fc.assert(
      fc.property(states, (state) => {
        const vm = laid(state)
        expect(saveTables(vm.its).ok).toBe(true)
        const other = vm.successor()
        expect(restoreTables(other.its).ok).toBe(true)
        expect(stateOf(other.its)).toEqual(stateOf(vm.its))
      }),
      { numRuns: 150 },
    )
  })

  it('and saving again changes no byte of clean tables', () => {
    fc.assert(
      fc.property(states, (state) => {
        const vm = laid(state)
        saveTables(vm.its)
        const other = vm.successor()
        restoreTables(other.its)
        saveTables(other.its)
        const same = (page: Gpa) => Buffer.compare(other.memory.read(page, PAGE_BYTES), vm.memory.read(page, PAGE_BYTES)) === 0
        expect(other.memory.dirtyPages().filter((page) => !same(page))).toEqual([])
      }),
      { numRuns: 50 },
    )
  })

  it('consumes pending bits: the LPI is pending, and its bit in RAM is gone', () => {
    const vm = new LiveIts().map(3, [1])
    vm.gic.lpis.setPending(vm.gic.lpis.find(8193), true)
    saveTables(vm.its)
    expect(savePendingTables(vm.gic)).toEqual({ ok: true, value: 1 })
    const first = vm.successor()
    restoreTables(first.its)
    expect(first.gic.lpis.isPending(first.gic.lpis.find(8193))).toBe(true)
    const second = first.successor()
    restoreTables(second.its)
    expect(second.gic.lpis.isPending(second.gic.lpis.find(8193))).toBe(false)
  })

  it('says what it restored and how much it read', () => {
    const vm = new LiveIts().map(3, [1, 2]).map(6)
    saveTables(vm.its)
    const value = { collections: 1, devices: 2, events: 2, entries: 2 + 4 + 3 + 1 + 32, answer: 0 }
    expect(restoreTables(vm.successor().its)).toEqual({ ok: true, value })
  })
})

describe('a failed restore', () => {
  const saved = () => {
    const vm = new LiveIts().map(3, [1]).map(6, [2], { icid: 4 })
    saveTables(vm.its)
    return vm
  }

  it('drops every device and collection', () => {
    const vm = saved()
    vm.memory.setWord((vm.collectionTable + 8) as Gpa, 0, 0)
    const other = vm.successor()
    expect(restoreTables(other.its)).toMatchObject({ errno: 'EINVAL', where: { what: 'ITE', deviceId: 6, eventId: 2, icid: 4 } })
    expect(stateOf(other.its)).toEqual({ devices: [], collections: [] })
    expect([other.its.events.count, other.gic.lpis.first()]).toEqual([0, 0])
  })

  it('before 5.19 keeps what it had restored, but for the device that failed', () => {
    const vm = saved()
    vm.memory.setWord((vm.collectionTable + 8) as Gpa, 0, 0)
    const other = vm.successor(withQuirks('failed-restore-keeps-state'))
    expect(restoreTables(other.its)).toMatchObject({ errno: 'EINVAL' })
    expect(stateOf(other.its)).toMatchObject({ devices: [expect.stringContaining('3 itt')], collections: ['0>0'] })
  })

  it('onto a live ITS is EEXIST: its collections go, its devices stay without collections', () => {
    const vm = saved()
    expect(restoreTables(vm.its)).toMatchObject({ errno: 'EEXIST', where: { what: 'CTE', icid: 0 } })
    expect(stateOf(vm.its)).toEqual({
      devices: [expect.stringContaining('1>8193 in -1'), expect.stringContaining('2>8194 in -1')],
      collections: [],
    })
  })

  it('is EFAULT when the configuration byte or pending bit of an LPI is not in RAM', () => {
    const far = saved().successor()
    far.gic.setPropbaser(15n)
    expect(restoreTables(far.its)).toMatchObject({ errno: 'EFAULT', reason: expect.stringContaining('configuration') })
    const pending = saved().successor()
    pending.gic.setPendbaser(0, 0n)
    expect(restoreTables(pending.its)).toMatchObject({ errno: 'EFAULT', reason: expect.stringContaining('pending') })
  })

  it('4.13 answers 1 and restores no device when the collection table is full', () => {
    const vm = new LiveIts().map(3, [1])
    for (let icid = 1; icid < 8192; icid++) vm.its.collections.set(icid, 0)
    saveTables(vm.its)
    const old = vm.successor(withQuirks('full-collection-table-ends-restore'))
    expect(restoreTables(old.its)).toMatchObject({ ok: true, value: { answer: 1, devices: 0 } })
    expect(restoreTables(vm.successor().its)).toMatchObject({ ok: true, value: { answer: 0, devices: 1 } })
  })

  it('ends at its limit in tables that keep a kernel busy', () => {
    const vm = saved()
    expect(restoreTables(vm.successor().its, { mostWork: 5 })).toMatchObject({
      errno: 'ENOMEM',
      reason: expect.stringContaining('more than'),
    })
  })
})

describe('restoring DeviceIDs and EventIDs of more than 16 bits', () => {
  it('before 5.19 a device of 17 bits is there, answers MSIs and fails the next save', () => {
    const vm = new LiveIts({ deviceTablePages: 9 }).map(3, [1])
    saveTables(vm.its)
    vm.memory.setWord(vm.dteAt(3), vm.memory.u32(vm.dteAt(3)), 0x8002_0000)
    vm.memory.setWord((vm.its.deviceTable.base + 65536 * 8) as Gpa, (vm.itt(7) >>> 3) | 4, 0x8000_0000)
    vm.memory.setWord(vm.iteAt(7, 2), 0x2002_0000, 0)
    const old = vm.successor(withQuirks('device-out-of-range-restored', 'save-refuses-unreachable-device'))
    expect(restoreTables(old.its)).toMatchObject({ ok: true, value: { devices: 2 } })
    expect(stateOf(old.its).devices[1]).toBe(`65536 itt ${vm.itt(7).toString(16)} bits 5: 2>8194 in 0`)
    expect(old.its.find(65536, 2)).toBeGreaterThan(0)
    expect(saveTables(old.its)).toMatchObject({ errno: 'EINVAL', where: { what: 'DTE', deviceId: 65536 } })
    old.its.freeDevices()
    expect(stateOf(old.its).devices).toEqual([])
  })

  it('without the size check events above 65,535 are brought back, saved and brought back again', () => {
    const vm = new LiveIts().map(3, [1])
    saveTables(vm.its)
    vm.memory.setWord(vm.dteAt(3), (vm.memory.u32(vm.dteAt(3)) & ~31) | 16, 0x8000_0000)
    vm.memory.setWord(vm.iteAt(3, 1), 0, 0)
    vm.memory.setWord(vm.iteAt(3, 70000), 0x2000_0000, 5 << 16)
    vm.memory.setWord(vm.iteAt(3, 70005), 0x2001_0000, 0)
    const old = vm.successor(withQuirks('dte-size-unchecked'))
    expect(restoreTables(old.its)).toMatchObject({ ok: true, value: { devices: 1, events: 2 } })
    const state = stateOf(old.its)
    expect(state.devices).toEqual([`3 itt ${vm.itt(3).toString(16)} bits 17: 70000>8192 in 0, 70005>8193 in 0`])
    const before = old.word(vm.iteAt(3, 70000))
    old.memory.setWord(vm.iteAt(3, 70000), 0, 0)
    expect(saveTables(old.its)).toMatchObject({ ok: true, value: { events: 2 } })
    expect(old.word(vm.iteAt(3, 70000))).toBe(before)
    const again = old.successor()
    restoreTables(again.its)
    expect(stateOf(again.its)).toEqual(state)
  })

  it('ends at its limit where a table would bring back devices of more than 16 bits without end', () => {
    const vm = new LiveIts({ deviceTablePages: 9 })
    for (let id = 65536; id < 65544; id++) {
      vm.memory.setWord((vm.its.deviceTable.base + id * 8) as Gpa, (vm.itt(7) >>> 3) | 4, 0x8002_0000)
    }
    const old = vm.successor(withQuirks('device-out-of-range-restored'))
    expect(restoreTables(old.its, { mostWork: 8 * WALK_WORK.device })).toMatchObject({ errno: 'ENOMEM' })
    expect(restoreTables(old.its, { mostWork: 8 * WALK_WORK.device + 2 ** 17 })).toMatchObject({
      ok: true,
      value: { devices: 8 },
    })
  })
})
