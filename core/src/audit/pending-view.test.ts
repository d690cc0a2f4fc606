import { describe, expect, it } from 'vitest'
import type { Gpa } from '../memory/index.ts'
import { pendingView, setScene } from './index.ts'
import { LPI_CONFIGURATION, PlantedVm, pendingTable } from './testing/planted-vm.ts'

const pendingAt = (vcpuId: number, lpi: number) => (pendingTable(vcpuId) + Math.floor(lpi / 8)) as Gpa

const view = (vm: PlantedVm) => pendingView(setScene(vm.input()))
const events = (vm: PlantedVm) => view(vm).devices.flatMap((device) => device.events)
const planted = () => new PlantedVm().map(16, { 0: [8192, 0], 3: [8201, 1] }).save()

describe('what is pending', () => {
  it('is told of each event: its vCPU, and where its bit and its configuration lie', () => {
    const vm = planted().enable(8201).pend(1, 8201)
    expect(events(vm)).toEqual([
      expect.objectContaining({ eventId: 0, lpi: 8192, vcpuId: 0, pending: expect.objectContaining({ isSet: false }) }),
      {
        eventId: 3,
        lpi: 8201,
        icid: 1,
        vcpuId: 1,
        belief: 'live',
        isRestored: true,
        pending: { at: pendingAt(1, 8201), bit: 1, isSet: true, unread: undefined },
        configuration: { at: LPI_CONFIGURATION + 9, isEnabled: true, priority: 0xc0, unread: undefined },
        elsewhere: [],
      },
    ])
    expect(events(vm)[0]!.configuration).toMatchObject({ isEnabled: false })
  })

  it('is told of each vCPU, with the bits that no restore reads', () => {
    const vm = planted().pend(0, 8192, 8201, 9000)
    expect(view(vm)).toMatchObject({
      isWhole: true,
      vcpus: [
        {
          vcpuId: 0,
          isEnabled: true,
          unread: undefined,
          lpis: [8192, 8201, 9000],
          strays: [
            { lpi: 8201, target: 1 },
            { lpi: 9000, target: undefined },
          ],
        },
        { vcpuId: 1, lpis: [], strays: [] },
      ],
    })
    expect(events(vm).map(({ elsewhere }) => elsewhere)).toEqual([[], [0]])
  })

  it('is told of an event that is dead, and of a live one that no restore brings back', () => {
    const dead = planted().discard(16, 3).save()
    expect(events(dead).map(({ eventId, belief, isRestored }) => [eventId, belief, isRestored])).toEqual([
      [0, 'live', true],
      [3, 'dead', false],
    ])
    const blank = new PlantedVm().map(16, { 0: [8192, 1] }).pend(1, 8192)
    expect(events(blank)).toMatchObject([
      { lpi: 8192, icid: 1, vcpuId: 1, belief: 'live', isRestored: false, pending: { isSet: true } },
    ])
    expect(events(planted().ite(16, 0, { pintid: 40, icid: 0 }))[1]).toMatchObject({ belief: 'live', isRestored: false })
  })

  it('is not known of an event without a vCPU, with no LPI, or whose table is not in RAM', () => {
    const nowhere = new PlantedVm().map(16, { 0: [8192, 7] }).save()
    expect(events(nowhere)).toMatchObject([{ icid: 7, vcpuId: null, pending: undefined }])
    expect(events(planted().ite(16, 3, { pintid: 0x1_0000, icid: 1 }))[1]).toMatchObject({
      lpi: 0x1_0000,
      pending: undefined,
      configuration: undefined,
    })
    const outside = planted()
    outside.redistributors = outside.redistributors.map((one) => ({ ...one, pendbaser: 0n, propbaser: 15n }))
    expect(events(outside)[0]).toMatchObject({
      pending: { isSet: undefined, unread: 'outside RAM' },
      configuration: { isEnabled: undefined, unread: 'outside RAM' },
    })
    expect(view(outside).vcpus[0]).toMatchObject({ unread: 'outside RAM', lpis: [] })
  })

  it('names no stray bits where not every event of the VM is known', () => {
    const registers = planted().registers()
    const vm = Object.assign(planted().pend(0, 9000), { more: { registers: { ...registers, unreadItses: 1 } } })
    expect(view(vm)).toMatchObject({ isWhole: false, vcpus: [{ lpis: [9000], strays: [] }, {}] })
  })

  it('of a device without an event is nothing', () => {
    expect(view(new PlantedVm().map(16, {}).save()).devices).toEqual([])
  })
})
