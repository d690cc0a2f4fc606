import { describe, expect, it } from 'vitest'
import type { Gpa } from '../memory/index.ts'
import { audit, scenesOver, setScene, setScenes, viewFrom } from './index.ts'
import { PlantedVm, pciFunction, QUEUE } from './testing/planted-vm.ts'

/** Devices 16 and 20 as the guest mapped them; 24 was unmapped and lies in the tables still, with an event. */
const stale = () =>
  new PlantedVm()
    .map(20, { 3: [8200, 1] }, { bits: 3 })
    .map(16, { 0: [8192, 0], 5: [8195, 1] })
    .map(24, { 1: [8210, 0] })
    .save()
    .unmap(24)

const collections = [
  { icid: 0, rdBase: 0 },
  { icid: 1, rdBase: 1 },
]
const sixteen = {
  deviceId: 16,
  itt: 0x4101_0000,
  eventIdBits: 5,
  events: [
    { eventId: 0, lpi: 8192, icid: 0 },
    { eventId: 5, lpi: 8195, icid: 1 },
  ],
}
const twenty = { deviceId: 20, itt: 0x4101_4000, eventIdBits: 3, events: [{ eventId: 3, lpi: 8200, icid: 1 }] }
const twentyFour = { deviceId: 24, itt: 0x4101_8000, eventIdBits: 5, events: [{ eventId: 1, lpi: 8210, icid: 0 }] }

describe('what an ITS has mapped', () => {
  it('is everything valid in the tables, what a restore brings back of it, and what the guest says', () => {
    const scene = setScene(stale().input())
    expect(viewFrom(scene, 'tables')).toEqual({ collections, devices: [sixteen, twenty, twentyFour] })
    expect(viewFrom(scene, 'restored')).toEqual({ collections, devices: [sixteen, twenty, twentyFour] })
    expect(viewFrom(scene, 'guest')).toEqual({ collections, devices: [sixteen, twenty] })
  })

  it('has in the tables what a restore does not come to', () => {
    const vm = new PlantedVm()
      .map(16, { 0: [8192, 0], 1: [8193, 0] })
      .map(20, {})
      .save()
      .ite(16, 0, { pintid: 8192, icid: 0 })
      .dte(16, { ittAddr: new PlantedVm().itt(16), size: 4 })
    const scene = setScene(vm.input())
    const listed = (viewpoint: 'tables' | 'restored' | 'guest') =>
      viewFrom(scene, viewpoint).devices.map(({ deviceId, events }) => [deviceId, events.map(({ eventId }) => eventId)])
    expect(listed('tables')).toEqual([
      [16, [0, 1]],
      [20, []],
    ])
    expect(listed('restored')).toEqual([[16, [0]]])
    expect(listed('guest')).toEqual(listed('tables'))
  })

  it('has no event of a device about which witnesses disagree, and no device about which they do', () => {
    const vm = new PlantedVm().map(16, { 0: [8192, 0], 1: [8193, 0] }).save()
    vm.more = { msi: [pciFunction(16, [0]), pciFunction(24, [0])] }
    const { devices } = viewFrom(setScene(vm.input()), 'guest')
    expect(devices.map(({ deviceId, events }) => [deviceId, events.map(({ eventId }) => eventId)])).toEqual([[16, [0]]])
  })

  it('is nothing after a restore that fails, but the place where it fails', () => {
    const vm = stale().ite(20, 3, { pintid: 7, icid: 1 })
    const restored = viewFrom(setScene(vm.input()), 'restored')
    expect(restored).toMatchObject({ collections: [], devices: [], stop: { errno: 'EINVAL', deviceId: 20, eventId: 3 } })
    expect(viewFrom(setScene(vm.input()), 'guest')).toEqual({ collections, devices: [sixteen, twenty] })
  })

  it('is what a PCI function says of its events where the queue says nothing: neither ITT nor LPI is known', () => {
    const vm = Object.assign(stale(), { more: { msi: [pciFunction(40, [2, 1])] } })
    const { devices } = viewFrom(setScene(vm.input()), 'guest')
    const events = [1, 2].map((eventId) => ({ eventId, lpi: null, icid: null }))
    expect(devices).toEqual([sixteen, twenty, { deviceId: 40, itt: null, eventIdBits: null, events }])
  })

  it('leaves out a collection that was unmapped, and lists the others by number', () => {
    const vm = new PlantedVm({ vcpus: 3 })
    vm.command('MAPC', { icid: 1, valid: false }).command('MAPC', { icid: 0, rdBase: 2, valid: true })
    expect(viewFrom(setScene(vm.input()), 'guest').collections).toEqual([
      { icid: 0, rdBase: 2 },
      { icid: 2, rdBase: 2 },
    ])
  })
})

describe('the same ITSes over other memory', () => {
  const scenes = () => {
    const vm = stale()
    new PlantedVm({ beside: vm }).map(7, { 0: [8300, 0] }).save()
    return setScenes(vm.input())
  }

  it('are found with what was written there, and know of each other', () => {
    const before = scenes()
    const memory = before[0]!.memory.fork()
    const { at } = before[0]!.tables.mappings.device(24)!
    memory.setWord(at, 0, 0)
    const after = scenesOver(before, memory, [at])
    expect(after.map((scene) => audit(scene).tables.devices)).toEqual([2, 1])
    expect(before.map((scene) => audit(scene).tables.devices)).toEqual([3, 1])
    expect(after.map(({ vm }) => vm.length)).toEqual([2, 2])
  })

  it.each([
    ['read their queue anew when its words were written', QUEUE, 0],
    ['read their queue anew when the last of its words was written', QUEUE + 0xfff8, 0],
    ['keep what they know of a queue that was not written', QUEUE + 0x1_0000, 2],
    ['keep what they know of a queue that begins behind what was written', QUEUE - 8, 2],
  ])('%s', (_what, written, live) => {
    const before = scenes()
    expect(before[0]!.beliefs.live.devices.size).toBe(2)
    const memory = before[0]!.memory.fork()
    memory.fill(QUEUE as Gpa, 0x1_0000)
    expect(scenesOver(before, memory, [written as Gpa])[0]!.beliefs.live.devices.size).toBe(live)
  })
})
