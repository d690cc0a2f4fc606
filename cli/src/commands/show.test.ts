import { expect, it } from 'vitest'
import { GICR_PENDBASER } from '../../../core/src/abi/index.ts'
import { PlantedVm } from '../../../core/src/audit/testing/planted-vm.ts'
import { plantedCase } from '../../../core/src/inspect/testing/planted-machine.ts'
import type { Gpa } from '../../../core/src/memory/index.ts'
import { vits } from '../testing/fake-io.ts'

/** Event 0 is pending on vCPU 0 and disabled; event 1 is pending on vCPU 0 and goes to vCPU 1; LPI 9000 is no event's. */
function planted(): PlantedVm {
  const vm = new PlantedVm().map(8, { 0: [8192, 0], 1: [8193, 1] }).save()
  const { address } = GICR_PENDBASER.unpack(vm.redistributors[0]!.pendbaser)
  vm.memory.setU8((address + 8192 / 8) as Gpa, 0b11)
  vm.memory.setU8((address + 9000 / 8) as Gpa, 1)
  return vm
}

it('show --view pending lists what is pending on each vCPU and of each event', async () => {
  const { code, out } = await vits(['show', '--view', 'pending', 'vm.vits'], { 'vm.vits': await plantedCase(planted()) })
  expect([code, out.trimEnd().split('\n')]).toEqual([
    0,
    [
      'vCPU 0  LPIs enabled  pending table 0x40070000  3 LPIs pending',
      '  LPI 8193 is pending, and its event goes to vCPU 1, where it is not',
      '  LPI 9000 is pending, and no event that goes here has it',
      'vCPU 1  LPIs enabled  pending table 0x40080000  nothing pending',
      'device 0x8',
      '  event 0  LPI 8192  vCPU 0  disabled  pending until it is enabled  bit 0 at 0x40070400',
      '  event 1  LPI 8193  vCPU 1  disabled  not pending  pending on vCPU 0, which no restore reads',
      '1 of 2 events pending, 1 of them disabled.',
    ],
  ])
})

it('show --view pending says what is not known', async () => {
  const vm = new PlantedVm().map(8, { 0: [8192, 7] }).save()
  vm.redistributors = vm.redistributors.map((one) => ({ ...one, pendbaser: 0n }))
  const { out } = await vits(['show', '--view', 'pending', 'vm.vits'], { 'vm.vits': await plantedCase(vm) })
  expect(out).toContain('vCPU 1  LPIs enabled  pending table 0x0  outside RAM\n')
  expect(out).toContain('  event 0  LPI 8192  no vCPU  disabled  pending bit unknown  not brought back\n')
  expect(out).toContain('0 of 1 event pending; of 1 it is not known.\n')
})
