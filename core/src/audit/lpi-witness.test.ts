import { describe, expect, it } from 'vitest'
import { GICR_PROPBASER } from '../abi/index.ts'
import { audit, setScene, viewFrom } from './index.ts'
import { PlantedVm } from './testing/planted-vm.ts'

const evidence = (vm: PlantedVm, code: string) =>
  audit(setScene(vm.input()))
    .findings.find((finding) => finding.code === code)
    ?.evidence.map(({ says }) => says)
const discarded = (lpi: number) =>
  new PlantedVm()
    .map(16, { 0: [8192, 0], 1: [lpi, 0] })
    .save()
    .discard(16, 1)

describe('the LPI of a dead event', () => {
  it('speaks by its configuration, where that can be read', () => {
    expect(evidence(discarded(8300), 'I303')).toEqual(['DISCARD 0x10/1', 'LPI 8300 is disabled'])
    const unread = discarded(8300)
    unread.redistributors = unread.redistributors.map((one) => ({
      ...one,
      propbaser: GICR_PROPBASER.pack({ idBits: 15, address: 0x3000_0000 }),
    }))
    const said = audit(setScene(unread.input())).findings.flatMap((finding) => finding.evidence.map(({ witness }) => witness))
    expect(said).not.toContain('LPI configuration')
  })

  it('speaks by the live event that has it, in whatever order they lie', () => {
    const vm = new PlantedVm()
      .map(16, { 0: [8193, 0], 1: [8193, 0], 2: [8194, 0] })
      .save()
      .discard(16, 0)
    expect(evidence(vm, 'I303')).toEqual(['DISCARD 0x10/0', "LPI 8193 is a live event's of DeviceID 0x10"])
  })

  it('is taken by no other event when its number is none of an LPI', () => {
    const unknown = (pintid: number) => {
      const vm = new PlantedVm({ queuePages: 1 })
        .map(16, { 0: [8192, 0], 1: [8193, 0] })
        .save()
        .goRound()
      vm.command('INV', { deviceId: 16, eventId: 0 })
      return vm.ite(16, 0, { pintid, icid: 0, next: 1 }).ite(16, 1, { pintid, icid: 0 })
    }
    const orphans = (vm: PlantedVm) => audit(setScene(vm.input())).orphans.events
    expect(orphans(unknown(65535))).toEqual([[16, 1]])
    expect(orphans(unknown(65536))).toEqual([])
    expect(orphans(unknown(70000))).toEqual([])
  })
})

describe('a VM of another size', () => {
  it('may have no vCPU: nothing can be sent anywhere, and nothing is', () => {
    const vm = new PlantedVm({ vcpus: 0 }).map(16, {}).save()
    expect(audit(setScene(vm.input()))).toMatchObject({ vcpus: 0, restored: { devices: 1, events: 0 } })
  })

  it('may have more events than a handful, each with its own', () => {
    const events = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [i, [8192 + i, i % 2] as const]))
    const vm = new PlantedVm()
      .map(8, events, { bits: 8 })
      .map(16, { 3: [8500, 0] })
      .save()
    const { devices } = viewFrom(setScene(vm.input()), 'restored')
    expect(devices[0]!.events).toEqual(Array.from({ length: 200 }, (_, i) => ({ eventId: i, lpi: 8192 + i, icid: i % 2 })))
    expect(devices[1]!.events).toEqual([{ eventId: 3, lpi: 8500, icid: 0 }])
    expect(audit(setScene(vm.input())).findings).toEqual([])
  })
})
