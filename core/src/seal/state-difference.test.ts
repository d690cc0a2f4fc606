import { describe, expect, it } from 'vitest'
import { LiveIts } from '../tables/testing/live-its.ts'
import { stateDifference } from './index.ts'

/** Two devices with three events in two collections. */
const machine = () => new LiveIts({ vcpuIds: [0, 1] }).map(3, [0, 1]).map(7, [2], { icid: 5 })

/** Unmaps an event of device 3. */
function discard(vm: LiveIts, eventId: number): void {
  vm.its.events.remove(vm.its.devices.find(3), vm.its.find(3, eventId))
}

/** Maps an event of device 3. */
function map(vm: LiveIts, eventId: number, pintid: number, icid: number): void {
  vm.its.mapEvent(vm.its.devices.find(3), eventId, pintid, icid, 0)
}

/** Maps an event of device 3 otherwise than it was. */
function remap(vm: LiveIts, eventId: number, pintid: number, icid: number): void {
  discard(vm, eventId)
  map(vm, eventId, pintid, icid)
}

describe('two ITSes that have the same mapped', () => {
  it.each<[string, () => LiveIts]>([
    ['nothing', () => new LiveIts()],
    ['two devices', machine],
  ])('do not differ: %s', (_what, make) => {
    expect(stateDifference(make().its, make().its)).toBeUndefined()
  })
})

describe('the first difference of what came back', () => {
  it.each<[string, (vm: LiveIts) => unknown]>([
    ['1 collections instead of 2', (vm) => vm.unmap(7).its.freeCollection(5)],
    ['3 collections instead of 2', (vm) => vm.its.collections.set(6, 0)],
    ['collection 5 has another target', (vm) => vm.its.collections.set(5, 1)],
    ['device 0 came back from the dead', (vm) => vm.map(0)],
    ['device 5 came back from the dead', (vm) => vm.map(5)],
    ['device 9 came back from the dead', (vm) => vm.map(9)],
    ['device 3 is lost', (vm) => vm.unmap(3)],
    ['device 7 is lost', (vm) => vm.unmap(7)],
    ['device 3: another ITT', (vm) => vm.unmap(3).map(3, [0, 1], { ittAddr: vm.itt(4) })],
    ['device 3: another ITT', (vm) => vm.unmap(3).map(3, [0, 1], { bits: 6 })],
    ['device 3: event 0 is lost', (vm) => discard(vm, 0)],
    ['device 3: event 1 is lost', (vm) => discard(vm, 1)],
    ['device 3: event 1 has another LPI', (vm) => remap(vm, 1, 9000, 0)],
    ['device 3: event 1 is in another collection', (vm) => remap(vm, 1, 8193, 5)],
    ['device 3: event 4 came back from the dead', (vm) => map(vm, 4, 8196, 0)],
  ])('%s', (difference, change) => {
    const [expected, found] = [machine(), machine()]
    change(found)
    expect(stateDifference(expected.its, found.its)).toBe(difference)
  })

  it('is the order in which collections were mapped, which decides their order in the table', () => {
    const mapped = (...icids: number[]) => {
      const vm = new LiveIts()
      for (const icid of icids) vm.its.collections.set(icid, 0)
      return vm.its
    }
    expect(stateDifference(mapped(1, 2), mapped(2, 1))).toMatch(/^collection \d in the place of \d$/)
  })
})
