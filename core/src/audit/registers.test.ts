import { describe, expect, it } from 'vitest'
import { profiles } from '../abi/index.ts'
import { audit, setScene } from './index.ts'
import { PlantedVm } from './testing/planted-vm.ts'

const findings = (vm: PlantedVm, code: string) => audit(setScene(vm.input())).findings.filter((finding) => finding.code === code)
/** Of what has its LPIs disabled, vCPU 1 has two live events and vCPU 2 a dead one. */
const planted = () =>
  new PlantedVm({ vcpus: 4 })
    .map(16, { 0: [8192, 0], 1: [8193, 1], 2: [8194, 1], 3: [8195, 2], 4: [8196, 9] })
    .save()
    .discard(16, 3)
const deaf = (vm: PlantedVm, ...vcpus: readonly number[]) => {
  vm.redistributors = vm.redistributors.map((one) => (vcpus.includes(one.vcpuId) ? { ...one, ctlr: 0 } : one))
  return vm
}

describe('a vCPU with its LPIs disabled', () => {
  it('is told of with the live events that are sent to it, and not when there are none', () => {
    const found = findings(deaf(planted(), 1, 2, 3), 'R105')
    expect(found).toMatchObject([{ severity: 'latent', errno: undefined }])
    expect(found[0]!.says).toContain('2')
    expect(findings(deaf(planted(), 0, 1), 'R105')).toHaveLength(2)
    expect(findings(deaf(planted(), 2, 3), 'R105')).toEqual([])
  })
})

describe('an ITS that is enabled without a table or a queue', () => {
  const without = (...names: readonly string[]) => {
    const vm = planted()
    const [its] = vm.registers().itses
    const [devices, collections] = its!.baser
    vm.its = {
      baser: [names.includes('GITS_BASER0') ? 0n : devices!, names.includes('GITS_BASER1') ? 0n : collections!],
      cbaser: names.includes('GITS_CBASER') ? 0n : its!.cbaser,
    }
    return vm
  }

  it.each([[['GITS_BASER0']], [['GITS_BASER1']], [['GITS_CBASER']], [['GITS_BASER0', 'GITS_BASER1', 'GITS_CBASER']]])(
    'names what is not valid: %s',
    (names) => {
      const [found] = findings(without(...names), 'R104')
      expect(found!.severity).toBe('corrupts')
      for (const name of ['GITS_BASER0', 'GITS_BASER1', 'GITS_CBASER'])
        expect(found!.says.includes(name)).toBe(names.includes(name))
    },
  )

  it('does no harm when it is disabled, and none yet on a kernel that does not check', () => {
    const disabled = without('GITS_CBASER')
    disabled.its = { ...disabled.its, ctlr: 0 }
    expect(findings(disabled, 'R104')).toEqual([])
    const kernel = Object.values(profiles).find(({ quirks }) => quirks['enable-unchecked'])!
    expect(findings(Object.assign(without('GITS_CBASER'), { more: { profile: kernel } }), 'R104')).toMatchObject([
      { severity: 'latent' },
    ])
  })
})
