import { describe, expect, it } from 'vitest'
import { setScene, undisproved } from './index.ts'
import { PlantedVm } from './testing/planted-vm.ts'

const perhapsLive = (vm: PlantedVm) => [...undisproved(setScene(vm.input()))]

/** Device 16 with three events, of which the queue still tells of event 0 alone. */
const forgotten = () =>
  new PlantedVm({ queuePages: 1 })
    .map(16, { 0: [8192, 0], 2: [8193, 0], 5: [8194, 1] })
    .save()
    .goRound()
    .command('MOVI', { deviceId: 16, eventId: 0, icid: 0 })

describe('an event that nobody has disproved', () => {
  it('has an LPI that is enabled, and no live event has that', () => {
    expect(perhapsLive(forgotten())).toEqual([])
    expect(perhapsLive(forgotten().enable(8192, 8194))).toEqual([[16, 5, 8194]])
    expect(perhapsLive(forgotten().enable(8192, 8193, 8194))).toEqual([
      [16, 2, 8193],
      [16, 5, 8194],
    ])
  })

  it('is none that the queue has unmapped, though its LPI is enabled', () => {
    expect(perhapsLive(forgotten().command('DISCARD', { deviceId: 16, eventId: 5 }).enable(8193, 8194))).toEqual([[16, 2, 8193]])
  })

  it('is none that a live event jumps over', () => {
    const vm = forgotten().ite(16, 0, { pintid: 8192, icid: 0, next: 5 }).enable(8193, 8194)
    expect(perhapsLive(vm)).toEqual([[16, 5, 8194]])
  })

  it('is none whose pINTID is no LPI', () => {
    expect(perhapsLive(forgotten().ite(16, 5, { pintid: 40, icid: 0 }))).toEqual([])
  })

  it('is none of a device that a live device jumps over', () => {
    const vm = () => forgotten().dte(24, { ittAddr: 0x4101_8000, size: 4 }).ite(24, 0, { pintid: 8300, icid: 0 })
    const ending = vm().enable(8194, 8300)
    expect(perhapsLive(ending)).toEqual([[16, 5, 8194]])
    const leading = vm()
      .dte(16, { ittAddr: ending.itt(16), size: 4, next: 8 })
      .enable(8194, 8300)
    expect(perhapsLive(leading)).toEqual([
      [16, 5, 8194],
      [24, 0, 8300],
    ])
  })
})
