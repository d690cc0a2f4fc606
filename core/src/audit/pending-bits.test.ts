import { describe, expect, it } from 'vitest'
import { GICR_PENDBASER } from '../abi/index.ts'
import type { Gpa } from '../memory/index.ts'
import { audit, setScene } from './index.ts'
import { PlantedVm } from './testing/planted-vm.ts'

/** Sets the pending bits of these LPIs for a vCPU. */
function pend(vm: PlantedVm, vcpuId: number, ...lpis: readonly number[]): PlantedVm {
  const { address } = GICR_PENDBASER.unpack(vm.redistributors[vcpuId]!.pendbaser)
  for (const lpi of lpis) {
    const at = (address + Math.floor(lpi / 8)) as Gpa
    vm.memory.setU8(at, vm.memory.u8(at) | (1 << (lpi % 8)))
  }
  return vm
}

/** LPI 8192 goes to vCPU 0, LPI 8300 to vCPU 1, LPI 8400 was an event's that is discarded, and LPI 8401 goes nowhere. */
const planted = () =>
  new PlantedVm()
    .map(16, { 0: [8192, 0], 1: [8300, 1], 2: [8400, 0], 3: [8401, 7] })
    .save()
    .discard(16, 2)
    .save()

const strays = (vm: PlantedVm) =>
  audit(setScene(vm.input()))
    .findings.filter(({ code }) => code === 'L403')
    .map(({ says }) => says)

describe('a pending bit', () => {
  it.each([
    ['of a live event, for its vCPU', () => pend(pend(planted(), 0, 8192), 1, 8300)],
    ['below the first LPI, which no redistributor reads', () => pend(planted(), 0, 0, 8191)],
    ['behind the table', () => pend(planted(), 0, 65536, 66000)],
  ])('is nobody’s trouble: %s', (_what, vm) => {
    expect(strays(vm())).toEqual([])
  })

  it.each([
    ['the last LPI', [65535], 0, 65535, 1],
    ['the first of a word', [8224], 0, 8224, 1],
    ['the last of a word', [8255], 1, 8255, 1],
    ['several in one word and in others', [8200, 8201, 8231, 9000], 0, 8200, 4],
    ['a live event’s, for another vCPU', [8192], 1, 8192, 1],
    ['a dead event’s', [8400], 0, 8400, 1],
    ['none among those of live events', [8192, 8193], 0, 8193, 1],
    ['an event’s whose collection is not listed', [8401], 0, 8401, 1],
  ])('is told of with the first such LPI and how many there are: %s', (_what, lpis, vcpu, first, count) => {
    expect(strays(pend(planted(), vcpu, ...lpis))).toEqual([
      `${count} pending bits on vCPU ${vcpu}, the first for LPI ${first}, belong to no event that is mapped to it.`,
    ])
  })

  it('is told of for each vCPU that has one', () => {
    expect(strays(pend(pend(planted(), 0, 9000), 1, 9001))).toHaveLength(2)
  })

  it('is not looked for where the table is not in RAM', () => {
    const vm = pend(planted(), 1, 9000)
    vm.redistributors = vm.redistributors.map((one) => (one.vcpuId === 0 ? { ...one, pendbaser: 0n } : one))
    expect(strays(vm)).toHaveLength(1)
  })
})
