import { describe, expect, it } from 'vitest'
import type { GicRegisters, MsiFunction, MsiTarget } from '../abi/index.ts'
import { pciTestimonies } from './pci-witness.ts'
import { PlantedVm } from './testing/planted-vm.ts'

const ITS: MsiTarget = { kind: 'translater', its: 0 }
const MAPPED: MsiTarget = { kind: 'translated', its: 0 }
const OTHER: MsiTarget = { kind: 'translater', its: 1 }
const ELSEWHERE: MsiTarget = { kind: 'elsewhere' }
const UNSET: MsiTarget = { kind: 'unset' }

/** The vectors of one function, the first with EventID 0. */
const set = (...targets: readonly MsiTarget[]) =>
  targets.map((target, data) => ({ address: target.kind === 'unset' ? 0n : 0xfee0n, target, data, masked: false }))
const msix = (vectors: MsiFunction['vectors'], enabled = true, name = 'nic'): MsiFunction => ({
  name,
  deviceId: 0x200,
  kind: 'MSI-X',
  enabled,
  vectors,
})
const one = new PlantedVm().registers()
const two: GicRegisters = { ...one, itses: [...one.itses, ...one.itses] }
const of = (functions: readonly MsiFunction[], registers = one) => {
  const said = pciTestimonies(registers, 0, functions).get(0x200)
  return said === undefined ? undefined : [said.device, [...said.events], said.whole]
}

describe('the MSI state of the functions with one DeviceID', () => {
  it.each([
    ['speaks for every event when all vectors are set to the ITS', [msix(set(ITS, ITS, UNSET))], ['mapped', [0, 1], true]],
    ['speaks through an IOMMU whose tables lead to the ITS', [msix(set(MAPPED, UNSET))], ['mapped', [0], true]],
    ['tells of a device without events when enabled', [msix(set(UNSET))], ['mapped', [], true]],
    [
      'tells of no event when disabled with nothing set, and nothing of the device',
      [msix(set(UNSET), false)],
      ['silent', [], true],
    ],
    ['is silent when disabled with vectors set', [msix(set(ITS), false)], ['silent', [], false]],
    ['is silent when the vectors are set to what is no ITS', [msix(set(ELSEWHERE, ELSEWHERE))], ['silent', [], false]],
    ['is silent of other events when only some vectors are', [msix(set(ITS, ELSEWHERE))], ['mapped', [0], false]],
    ['adds up over functions', [msix(set(ITS)), msix(set(UNSET, ITS), true, 'disk')], ['mapped', [0, 1], true]],
    ['of one function does not contradict another', [msix(set(ITS)), msix(set(UNSET), false, 'disk')], ['mapped', [0], true]],
    ['does not speak for a function that is silent', [msix(set(ITS)), msix(set(ITS), false, 'disk')], ['mapped', [0], false]],
    [
      'is that of MSI when MSI is enabled',
      [msix(set(ITS), false), { ...msix(set(ITS)), kind: 'MSI' as const }],
      ['mapped', [0], true],
    ],
  ] as const)('%s', (_, functions, said) => {
    expect(of(functions)).toEqual(said)
  })

  it('tells, where there are several ITSes, only of the ones that it is set to', () => {
    expect(of([msix(set(OTHER))], two)).toBeUndefined()
    expect(of([msix(set(UNSET), false)], two)).toBeUndefined()
    expect(of([msix(set(OTHER, ITS))], two)).toEqual(['mapped', [1], true])
    expect(of([msix(set(ELSEWHERE))], two)).toEqual(['silent', [], false])
  })
})
