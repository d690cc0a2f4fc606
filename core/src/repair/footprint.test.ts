import { describe, expect, it } from 'vitest'
import { ENTRY_BYTES } from '../abi/index.ts'
import { PlantedVm, RAM } from '../audit/testing/planted-vm.ts'
import { type Gpa, LoadableMemory, PAGE_BYTES } from '../memory/index.ts'
import { footprint } from '../tables/index.ts'
import { type IttRoom, repairFootprint } from './index.ts'

const ROOM: IttRoom = { most: 2 ** 28, cost: ({ bytes }) => bytes }

/** What a repair asks for once all that a restore of the VM reads is loaded: `'41010000+100'`, address and bytes in hex. */
function beyondTheTables(vm: PlantedVm): { ranges: string[]; rest: string[] } {
  const lazy = new LoadableMemory(vm.memory.ranges)
  const registers = vm.registers()
  const load = (ranges: ReturnType<typeof footprint>) => {
    for (const { base, bytes } of ranges) {
      for (let at = base - (base % PAGE_BYTES); at < base + bytes; at += PAGE_BYTES) {
        lazy.load(at as Gpa, vm.memory.read(at as Gpa, PAGE_BYTES))
      }
    }
  }
  for (let ranges = footprint(lazy, registers); ranges.length > 0; ranges = footprint(lazy, registers)) {
    expect(repairFootprint(lazy, registers, 0, ROOM)).toEqual(ranges)
    load(ranges)
  }
  const further = repairFootprint(lazy, registers, 0, ROOM)
  load(further)
  const inHex = (ranges: typeof further) => ranges.map(({ base, bytes }) => `${base.toString(16)}+${bytes.toString(16)}`)
  return { ranges: inHex(further), rest: inHex(repairFootprint(lazy, registers, 0, ROOM)) }
}

const far = (ittAddr: number, bits: number) => new PlantedVm().map(16, {}, { ittAddr, bits })

/** So many devices with one ITT of 512 KiB, and then one with an ITT of its own. */
function crowded(devices: number, bits = 5): PlantedVm {
  const vm = new PlantedVm()
  for (let deviceId = 0; deviceId < devices; deviceId++) vm.map(deviceId, {}, { ittAddr: 0x4200_0000, bits: 16 })
  return vm.map(4000, {}, { bits, ittAddr: 0x41fa_0000 - (2 ** bits - 2 ** 5) * ENTRY_BYTES })
}

describe('what a repair reads beyond what a restore does', () => {
  it.each<[string, () => PlantedVm, string[]]>([
    ['nothing where the tables name every device', () => new PlantedVm().map(16, { 0: [8192, 0] }).save(), []],
    [
      'the ITTs of devices that the queue has mapped and the tables do not name',
      () => new PlantedVm().map(16, {}).map(20, {}, { bits: 9 }),
      ['41010000+100', '41014000+1000'],
    ],
    ['no ITT of a device that the guest has unmapped', () => new PlantedVm().map(16, {}).map(20, {}).unmap(20), ['41010000+100']],
    [
      'no ITT of a device whose MAPD is not there any more',
      () => new PlantedVm().command('MAPTI', { deviceId: 16, eventId: 0, pintid: 8192, icid: 0 }),
      [],
    ],
    ['no ITT outside RAM', () => far(RAM - 0x1_0000, 5), []],
    ['no ITT that RAM ends in', () => far(RAM + 0x400_0000 - 0x1000, 16), []],
    ['256 MiB of ITTs at most', () => crowded(512), ['42000000+80000']],
    ['all ITTs below 256 MiB', () => crowded(511), ['41fa0000+100', '42000000+80000']],
    ['all ITTs of 256 MiB', () => crowded(511, 16), ['41f20100+80000', '42000000+80000']],
    ['the ITT of most events, where it lies in RAM', () => far(0x4200_0000, 16), ['42000000+80000']],
  ])('is %s', (_what, make, ranges) => {
    expect(beyondTheTables(make())).toEqual({ ranges, rest: [] })
  })
})
