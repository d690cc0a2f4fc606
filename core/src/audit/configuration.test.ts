import { describe, expect, it } from 'vitest'
import type { MsiFunction } from '../abi/index.ts'
import type { Gpa } from '../memory/index.ts'
import { audit, setScene, whyHang } from './index.ts'
import { LPI_CONFIGURATION, PlantedVm, pciFunction } from './testing/planted-vm.ts'

const both = [pciFunction(16, [0, 1, 2]), pciFunction(24, [0])]

/** Two devices of a Linux guest, with these of the LPIs 8192 to 8195 enabled. */
function guest(enabled: readonly number[], msi: readonly MsiFunction[] = both): PlantedVm {
  const vm = new PlantedVm()
    .map(16, { 0: [8192, 0], 1: [8193, 1], 2: [8194, 0] })
    .map(24, { 0: [8195, 0] })
    .save()
    .enable(...enabled)
  return Object.assign(vm, { more: { msi } })
}
const report = (vm: PlantedVm) => audit(setScene(vm.input()))
const told = (vm: PlantedVm) => report(vm).findings.filter(({ code }) => code === 'L406')
const masking = (part: MsiFunction): MsiFunction => ({
  ...part,
  vectors: part.vectors.map((vector) => ({ ...vector, masked: true })),
})

describe('an LPI that is disabled while its vector is not masked', () => {
  it('is told of device by device, as a note, with the vector and the byte', () => {
    const [found, ...more] = told(guest([8192, 8195]))
    expect(more).toEqual([])
    expect(found).toMatchObject({
      says: 'LPI 8193 of event 1 of DeviceID 0x10 and 1 more of it are disabled, and the vector is not masked.',
      severity: 'note',
      confidence: 'inferred',
      entries: [{ role: 'disabled' }, { role: 'disabled' }],
      evidence: [
        { rule: 'R-pci-vector', says: 'the vector of event 1 is set and not masked' },
        { rule: 'R-lpi-off', says: 'LPI 8193 is disabled', at: LPI_CONFIGURATION + 1 },
      ],
    })
    expect(told(guest([8192, 8193, 8194])).map(({ says }) => says)).toEqual([
      'LPI 8195 of event 0 of DeviceID 0x18 is disabled, and the vector is not masked.',
    ])
  })

  it('is told with the rule that let its vector speak: behind an SMMU, the translation of its address', () => {
    const mapped = ({ vectors, ...part }: MsiFunction): MsiFunction => ({
      ...part,
      vectors: vectors.map((vector) => ({ ...vector, target: { kind: 'translated', its: 0 } })),
    })
    const [found] = told(guest([8192, 8195], both.map(mapped)))
    expect(found!.evidence.map(({ rule }) => rule)).toEqual(['R-pci-iova', 'R-lpi-off'])
  })

  it('may be why a guest hangs', () => {
    const { answer } = whyHang([report(guest([8192, 8193, 8194]))])
    expect(answer).toContain('may wait for ever: LPI 8195 of event 0 of DeviceID 0x18 is disabled')
  })

  it.each<[string, PlantedVm]>([
    ['all are enabled', guest([8192, 8193, 8194, 8195])],
    ['none is: the guest has not come to that', guest([])],
    ['its vector is masked too', guest([8195], [masking(pciFunction(16, [0, 1, 2])), pciFunction(24, [0])])],
    ['the function has MSI disabled', guest([8195], [pciFunction(16, [0, 1, 2], false), pciFunction(24, [0])])],
    ['the function is asleep', guest([8195], [{ ...pciFunction(16, [0, 1, 2]), asleep: true }, pciFunction(24, [0])])],
    ['no function is known', guest([8195], [pciFunction(24, [0])])],
  ])('is no finding where %s', (_, vm) => {
    expect(told(vm)).toEqual([])
  })

  it('is no finding of a guest that is not known to be Linux', () => {
    const vm = guest([8195])
    vm.memory.fill(LPI_CONFIGURATION as Gpa, 0xe000, 0xa0)
    vm.enable(8195)
    expect(told(vm)).toEqual([])
  })

  it('is no finding of an event that the guest has unmapped', () => {
    const vm = guest([8192, 8193, 8195], [pciFunction(16, [0, 1]), pciFunction(24, [0])])
    vm.discard(16, 2)
    expect(told(vm)).toEqual([])
  })
})
