import { describe, expect, it } from 'vitest'
import { type MsiFunction, profileIds } from '../abi/index.ts'
import { audit, headline, judgeKernels, setScenes } from './index.ts'
import { owing } from './testing/owing-vm.ts'
import { PlantedVm, pciFunction } from './testing/planted-vm.ts'

/** Functions with events that the guest has mapped; a disk, a network card and a port, by their DeviceIDs. */
const disk = (deviceId: number, events: readonly number[] = [0]): MsiFunction => ({
  ...pciFunction(deviceId, events),
  name: '0000:00:02.0/virtio-blk',
})
const card = (deviceId: number, events: readonly number[] = [0]): MsiFunction => ({
  ...pciFunction(deviceId, events),
  name: '0000:00:03.0/virtio-net',
})

function sentence(vm: PlantedVm, msi: readonly MsiFunction[] = [], judged = profileIds): string {
  const scenes = setScenes({ ...vm.input(), msi })
  return headline(scenes.map(audit), judgeKernels(scenes, judged))
}

/** Devices 16 (a disk) and 24 (a network card) with two events each. */
const healthy = () =>
  new PlantedVm()
    .map(16, { 0: [8192, 0], 1: [8193, 1] })
    .map(24, { 0: [8200, 0], 2: [8201, 1] })
    .save()
const both = [disk(16, [0, 1]), card(24, [0, 2])]

describe('the first line of a check', () => {
  it('says of a healthy VM how much comes back, and on which kernels', () => {
    expect(sentence(healthy(), both)).toBe('Every device keeps its interrupts on every known kernel: 2 devices, 4 interrupts.')
    expect(sentence(new PlantedVm().map(0, { 0: [8192, 0] }).save())).toMatch(/: 1 device, 1 interrupt\.$/)
  })

  it('names one kernel where not all were asked, or another does otherwise', () => {
    expect(sentence(healthy(), both, ['linux-7.3.4'])).toContain(' on linux-7.3.4: ')
    const jump = new PlantedVm({ indirect: true })
      .map(8, { 0: [8192, 0] })
      .map(9000, { 0: [8193, 0] })
      .save()
    expect(judgeKernels(setScenes(jump.input()), ['linux-5.10'])[0]!.verdict).toBe('fails')
    expect(sentence(jump)).toContain(' on linux-7.3.4: ')
  })

  it('says of a device whose interrupt was lost that it hangs', () => {
    const vm = owing()
    const scenes = setScenes(vm.input())
    expect(headline(scenes.map(audit), judgeKernels(scenes, profileIds))).toBe(
      'The disk at 00:01.0 hangs for want of an interrupt when restored on every known kernel.',
    )
  })

  it('promises nothing of what no witness knows', () => {
    expect(sentence(healthy().clearRing())).toBe('Comes back on every known kernel; no device is known to be mapped.')
    expect(sentence(healthy().clearRing(), both)).toContain('Every device that is known to be mapped keeps its interrupts')
    expect(sentence(new PlantedVm().save())).toBe('Comes back on linux-7.3.4; the guest has no device mapped.')
  })

  it('names the device whose entry ends the restore, and calls it stale where it is', () => {
    const stale = healthy().unmap(16).dte(16, { size: 4, next: 8, ittAddr: 0x41010000 }).ite(16, 0, { pintid: 8192, icid: 77 })
    expect(sentence(stale, [disk(16, []), card(24, [0, 2])])).toMatch(
      /^Does not come back on .*: EINVAL at a stale entry of the disk at 00:02\.0\.$/,
    )
    const live = healthy().ite(16, 0, { pintid: 8192, icid: 77, next: 1 })
    expect(sentence(live, both)).toMatch(/^Does not come back on .*: EINVAL at an entry of the disk at 00:02\.0\.$/)
  })

  it('names a collection or says what is wrong with a register where no device is to blame', () => {
    expect(sentence(healthy().cte(2, { icid: 2, rdBase: 7 }))).toMatch(/^Does not come back on .*: EINVAL at collection 2\.$/)
  })

  it('puts the device first that it is worst to lose, and counts the others', () => {
    const vm = healthy().dte(16, { valid: false }).dte(24, { valid: false })
    expect(sentence(vm, both)).toMatch(
      /^The disk at 00:02\.0 loses its interrupts when restored on .*, and 1 more device is affected\.$/,
    )
  })

  it.each([
    ['loses some', (vm: PlantedVm) => vm.ite(16, 0, { pintid: 8192, icid: 0, next: 0 }), 'loses 1 of its 2 interrupts when'],
    [
      'gets one as another',
      (vm: PlantedVm) => vm.ite(16, 1, { pintid: 8195, icid: 1 }),
      'gets an interrupt as something else when',
    ],
    ['gets one back', (vm: PlantedVm) => vm.discard(16, 1), 'gets back an interrupt that the guest gave up, when'],
  ])('says what happens to a device that %s', (_, spoil, words) => {
    expect(sentence(spoil(healthy()))).toContain(`DeviceID 0x10 ${words} restored on every known kernel.`)
  })

  it('quotes the problem where no device is harmed by itself', () => {
    const vm = healthy()
    vm.its = { cbaser: 0n }
    expect(sentence(vm)).toMatch(/^Interrupts go wrong on .*: GITS_CTLR\.Enabled was saved as 1, but GITS_CBASER is not valid\.$/)
  })
})
