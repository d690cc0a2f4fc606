import { describe, expect, it } from 'vitest'
import { GITS_BASER, type MsiFunction } from '../abi/index.ts'
import { audit, orphansOf, setScene } from './index.ts'
import { PlantedVm, pciFunction } from './testing/planted-vm.ts'

const itt = (deviceId: number) => new PlantedVm().itt(deviceId)
const toldBy = (vm: PlantedVm, ...msi: readonly MsiFunction[]) => Object.assign(vm.clearRing(), { more: { msi } })
const orphans = (vm: PlantedVm) => audit(setScene(vm.input())).orphans
const evidence = (vm: PlantedVm, deviceId: number) =>
  audit(setScene(vm.input())).findings.find((finding) => finding.deviceId === deviceId)?.evidence

describe('the dead events of a VM', () => {
  const vm = () =>
    new PlantedVm()
      .map(8, { 0: [8192, 0], 1: [8193, 0] })
      .map(16, { 0: [8194, 0], 1: [8195, 0], 2: [8196, 0] })
      .map(24, { 5: [8197, 0] })
      .save()
      .unmap(24)
      .unmap(8)
      .discard(16, 1)

  it('are those of dead devices, and those of live ones, in the order of the tables', () => {
    expect(orphans(vm())).toEqual({
      devices: [8, 24],
      events: [
        [8, 0],
        [8, 1],
        [16, 1],
        [24, 5],
      ],
    })
  })

  it('are listed up to as many as are asked for', () => {
    const scene = setScene(vm().input())
    const listed = (most: number) => orphansOf(scene).orphans.list(scene, most).length
    expect([0, 1, 2, 3, 4, 5].map(listed)).toEqual([0, 1, 2, 3, 4, 4])
  })
})

describe('a device that no witness knows', () => {
  const unknown = (entry: Parameters<PlantedVm['ite']>[2]) =>
    toldBy(
      new PlantedVm()
        .map(8, { 0: [8192, 0] })
        .map(24, { 0: [8193, 0], 3: [8194, 0] })
        .save()
        .ite(24, 3, entry),
    )

  it.each([
    ['a pINTID below the first LPI', { pintid: 8191, icid: 0 }, 'event 3 of DeviceID 0x18 has pINTID 8191, which is no LPI'],
    ['a pINTID behind the last LPI', { pintid: 65536, icid: 0 }, 'event 3 of DeviceID 0x18 has pINTID 65536, which is no LPI'],
    [
      'a collection that is not listed',
      { pintid: 8200, icid: 7 },
      'event 3 of DeviceID 0x18 has ICID 7, which is in no collection',
    ],
  ])('is taken for dead by rubbish in its ITT: %s', (_what, entry, says) => {
    expect(orphans(unknown(entry)).devices).toEqual([24])
    expect(evidence(unknown(entry), 24)).toEqual([{ witness: 'tables', rule: 'R-itt-foreign', says, at: undefined }])
  })

  it.each([
    ['the last LPI', unknown({ pintid: 65535, icid: 0 })],
    ['the first LPI', unknown({ pintid: 8192, icid: 1 })],
    ['as many EventID bits as KVM knows', toldBy(new PlantedVm().map(24, {}, { bits: 16 }).save())],
  ])('is left alone with %s', (_what, vm) => {
    expect(orphans(vm).devices).toEqual([])
  })

  it('is left alone with collections of which none is listed, where there is no list', () => {
    const vm = unknown({ pintid: 8200, icid: 7 })
    const [devices] = vm.registers().itses[0]!.baser
    vm.its = { baser: [devices!, GITS_BASER.pack({ valid: false, type: 4 })] }
    expect(orphans(vm).devices).toEqual([])
  })

  it('is taken for dead when its ITT holds an event of a live device', () => {
    const vm = new PlantedVm()
      .map(8, {}, { ittAddr: itt(16) })
      .map(16, { 0: [8192, 0], 4: [8193, 0] })
      .map(24, { 0: [8194, 0] })
      .save()
    toldBy(vm, pciFunction(16, [4]))
    expect(orphans(vm).devices).toEqual([8])
    expect(evidence(vm, 8)).toEqual([
      { witness: 'tables', rule: 'R-itt-taken', says: 'its ITT holds a live event of DeviceID 0x10', at: vm.iteAt(16, 4) },
    ])
  })
})

describe('what witnesses disagree about', () => {
  it('is no orphan, be it a device that the chain leads past or an event', () => {
    const vm = new PlantedVm()
      .map(16, { 0: [8192, 0], 1: [8193, 0] })
      .map(24, { 0: [8194, 0] })
      .save()
      .unmap(24)
      .dte(16, { ittAddr: itt(16), size: 4 })
    expect(orphans(vm).devices).toEqual([24])
    vm.more = { msi: [pciFunction(16, [0]), pciFunction(24, [0])] }
    expect(orphans(vm)).toEqual({ devices: [], events: [] })
  })
})

describe('what is dead', () => {
  it('is not safe to clear where a witness speaks against it, though others speak for it', () => {
    const vm = new PlantedVm()
      .map(8, { 0: [8192, 0] })
      .map(16, { 0: [8193, 0] })
      .save()
      .unmap(8)
    const find = () => audit(setScene(vm.input())).findings.find(({ code }) => code === 'D203')!
    expect(find()).toMatchObject({ confidence: 'proven', fix: { safe: true } })
    vm.enable(8192)
    expect(find()).toMatchObject({ confidence: 'inferred', fix: { safe: false } })
  })
})
