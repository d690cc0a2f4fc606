import { describe, expect, it } from 'vitest'
import { GICR_PROPBASER, type ProfileId, profiles } from '../abi/index.ts'
import { type Gpa, LoadableMemory, PAGE_BYTES } from '../memory/index.ts'
import { judgeKernels, setScene, setScenes } from './index.ts'
import { LPI_CONFIGURATION, PlantedVm, pciFunction, pendingTable, RAM } from './testing/planted-vm.ts'

const on = (kernel: ProfileId, vm: PlantedVm) => judgeKernels(setScenes(vm.input()), [kernel])[0]!
/** The last `count` commands wait to be executed. */
const waiting = (vm: PlantedVm, count: number) => {
  const { creadr } = vm.registers().itses[0]!
  vm.its = { creadr: creadr - BigInt(count * 32) }
  return vm
}
const two = (options = {}) =>
  new PlantedVm(options)
    .map(8, { 0: [8192, 0] })
    .map(16, { 0: [8193, 0] })
    .save()

describe('the save after a restore', () => {
  it('brings back what the commands that waited unmap, on a kernel that clears no entry', () => {
    expect(on('linux-6.6', waiting(two().unmap(8), 1))).toMatchObject({
      verdict: 'restores',
      save: undefined,
      again: 'device 8 came back from the dead',
    })
    expect(on('linux-7.3', waiting(two().unmap(8), 1))).toMatchObject({ verdict: 'restores', again: undefined })
    expect(on('linux-6.6', waiting(two().unmap(16), 1)).again).toBeUndefined()
  })

  it('is refused where such an entry names a collection that is gone', () => {
    const vm = new PlantedVm({ vcpus: 3 }).map(8, { 0: [8192, 2] }).map(16, { 0: [8193, 0] })
    waiting(vm.save().unmap(8).command('MAPC', { icid: 2, valid: false }), 2)
    expect(on('linux-6.6', vm).again).toMatch(/^EINVAL: .*ICID/)
    expect(on('linux-7.3', vm).again).toBeUndefined()
  })

  it('is told of with the ITS, where there are several', () => {
    const first = two()
    const second = new PlantedVm({ beside: first }).map(8, { 0: [8200, 0] }).map(16, { 0: [8201, 0] })
    waiting(second.save().unmap(8), 1)
    expect(on('linux-6.6', first).again).toBe('ITS 1: device 8 came back from the dead')
    expect(on('linux-7.3', first).again).toBeUndefined()
  })
})

describe('an event whose LPI lies behind the tables that were loaded', () => {
  /** The VM with its tables in memory, the LPI tables no further than LPIs go, and nothing else. */
  const loaded = (vm: PlantedVm, hasLpiTables = true) => {
    const memory = new LoadableMemory([{ base: RAM as Gpa, bytes: 0x400_0000 }])
    const load = (from: number, to: number) => {
      for (let at = from; at < to; at += PAGE_BYTES) memory.load(at as Gpa, vm.memory.read(at as Gpa, PAGE_BYTES))
    }
    load(RAM + 0x1_0000, hasLpiTables ? RAM + 0x5_e000 : LPI_CONFIGURATION)
    if (hasLpiTables) for (const vcpuId of [0, 1]) load(pendingTable(vcpuId), pendingTable(vcpuId) + 2 * PAGE_BYTES)
    for (const deviceId of [8, 16]) load(vm.itt(deviceId), vm.itt(deviceId) + PAGE_BYTES)
    return setScene({ ...vm.input(), memory, msi: [pciFunction(8, [0])] })
  }
  const withLpi = (pintid: number) =>
    new PlantedVm({ queuePages: 1 })
      .map(8, { 0: [pintid, 0] })
      .save()
      .clearRing()

  it.each([65536, 70000])('is restored all the same: LPI %i', (pintid) => {
    const row = judgeKernels([loaded(withLpi(pintid))], ['linux-7.3'])
    expect(row).toMatchObject([{ verdict: 'restores', failure: undefined, save: undefined }])
  })

  it('is restored all the same where GICR_PROPBASER has room for none', () => {
    const vm = withLpi(8192)
    const propbaser = GICR_PROPBASER.pack({ address: LPI_CONFIGURATION })
    vm.redistributors = vm.redistributors.map((redistributor) => ({ ...redistributor, propbaser }))
    const [row] = judgeKernels([loaded(vm, false)], ['linux-7.3'])
    expect(row).toMatchObject({ verdict: 'restores', failure: undefined, save: undefined })
  })

  it('is read all the same by a kernel that drops its device again, of which no entry is the last', () => {
    const vm = withLpi(33_554_433)
      .map(16, { 0: [8192, 0] })
      .save()
    const scene = loaded(vm.ite(8, 0, { pintid: 33_554_433, icid: 0, next: 1 }))
    expect([...scene.restoredBy(profiles['linux-4.13'].quirks).dropped]).toEqual([33_554_433])
    expect(judgeKernels([scene], ['linux-4.13'])).toMatchObject([{ verdict: 'corrupts', failure: undefined, lostDevices: 1 }])
  })
})
