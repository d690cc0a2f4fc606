import { describe, expect, it } from 'vitest'
import { DTE, ENTRY_BYTES } from '../abi/index.ts'
import { PlantedVm } from '../audit/testing/planted-vm.ts'
import type { Gpa } from '../memory/index.ts'
import type { RepairOptions } from './index.ts'
import { planOne } from './testing/plan-one.ts'

/** Device 16 leads to device 9000, in another second-level page; no kernel restores the VM, for an LPI that is none. */
function vmWithFarJump(): PlantedVm {
  return new PlantedVm({ indirect: true })
    .map(16, { 0: [8192, 0], 1: [8194, 0] })
    .map(9000, { 0: [8193, 0] })
    .save()
    .ite(16, 1, { pintid: 40, icid: 0 })
}

/** What kernels before 6.0.6 read behind the page of device 16 where they look for device 9000: a last entry without events. */
function misled(vm: PlantedVm): PlantedVm {
  const at = vm.dteAt(16) + (9000 - 16) * ENTRY_BYTES
  return vm.word(at as Gpa, DTE.encode({ valid: true, size: 4, next: 0, ittAddr: vm.itt(3000) }))
}

const everything: RepairOptions = { allow: 'everything' }
const fixed = 'I301: event 1 of DeviceID 0x10'
const sealed = 'seal: DeviceID 0x10'

describe('a repair that was not asked to seal the chains', () => {
  it.each([
    ['does when older kernels alone stand in its way', misled(vmWithFarJump()), everything, [sealed, fixed]],
    ['does not when none does', vmWithFarJump(), everything, [fixed]],
    [
      'does not where that alone does not help',
      misled(vmWithFarJump()).ite(9000, 0, {}),
      { allow: new Set(['I301'] as const) },
      [fixed],
    ],
    ['does when it is asked', vmWithFarJump(), { ...everything, seal: true }, [sealed, fixed]],
  ] as const)('%s', (_what, vm, options, expected) => {
    expect(planOne(vm.input(), options).writes.map(({ code, id }) => `${code}: ${id}`)).toEqual(expected)
  })

  it('leaves no obstacle where it does', () => {
    const { obstacles, after } = planOne(misled(vmWithFarJump()).input(), everything)
    expect([obstacles, after.verdict]).toEqual([[], 'restores'])
  })
})
