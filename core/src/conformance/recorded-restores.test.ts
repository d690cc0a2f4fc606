import { describe, expect, it } from 'vitest'
import { auditFixture } from '../audit/testing/audit-fixture.ts'
import { planRestore, recordedRestores, type Step } from './index.ts'
import { qemuRegisterOrder } from './register-names.ts'

const create: Step = { op: 'create_vm', vcpus: 1, ram: [], gic_init: true, its_base: '0x8080000', more_its: ['0x9000000'] }
const its = (reg: string, value: `0x${string}` = '0x0', number = 0): Step => ({ op: 'its_write', reg, value, its: number })
const redistributor: Step[] = [
  { op: 'redist_write', cpu: 0, reg: 'GICR_PENDBASER', value: '0x0' },
  { op: 'redist_write', cpu: 0, reg: '0x70', value: '0x0' },
  { op: 'redist_write', cpu: 0, reg: 'GICR_CTLR', value: '0x1' },
]
const asQemu = (number = 0) => qemuRegisterOrder.map((reg) => its(reg, '0x0', number))
const restore: Step = { op: 'its_restore_tables' }
const enable = its('GITS_CTLR', '0x1')

/** What is wrong with each restore: `'late cbaser'`. */
function wrong(...steps: readonly Step[]) {
  return recordedRestores({ steps }).map(({ step, its, findings }) => ({
    step,
    its,
    wrong: [...new Set(findings.map((finding) => `${finding.problem} ${finding.step}`))],
  }))
}

describe('the restores in a recording', () => {
  it('are in order as QEMU and as our own plan take them', async () => {
    const { registers, memory } = await auditFixture('healthy')
    const plan = planRestore({ ram: memory.ranges, registers, memory, needed: [] })
    expect(recordedRestores(plan)).toEqual([{ step: plan.itses[0]!.restore, its: 0, findings: [] }])
    const [one] = registers.itses
    const both = planRestore({ ...plan.state, registers: { ...registers, itses: [one!, { ...one!, base: undefined }] } })
    expect(recordedRestores(both)).toEqual(both.itses.map(({ restore: step }, its) => ({ step, its, findings: [] })))
    expect(wrong(create, ...redistributor, ...asQemu(), restore, enable)).toEqual([{ step: 10, its: 0, wrong: [] }])
  })

  it('are found only where RESTORE_TABLES comes', () => {
    expect(wrong(create, its('GITS_CTLR', '0x1'), its('GITS_CBASER'))).toEqual([])
  })

  it('name redistributors that come after the tables', () => {
    expect(wrong(create, ...asQemu(), restore, ...redistributor, enable)).toEqual([
      { step: 7, its: 0, wrong: ['late lpi-tables', 'late enable-lpis'] },
    ])
  })

  it('begin anew after CTRL_RESET, with what outlives it', () => {
    const reset: Step = { op: 'its_ctrl_reset' }
    const guest = [create, ...redistributor, enable]
    expect(wrong(...guest, reset, ...asQemu(), restore, enable)).toEqual([{ step: 12, its: 0, wrong: [] }])
    expect(wrong(...guest, ...asQemu(), restore)[0]!.wrong).toContain('late restore-tables')
  })

  it('end with GITS_CTLR: what comes later is the guest at work', () => {
    const restored = [create, ...redistributor, ...asQemu(), restore, enable]
    expect(wrong(...restored, its('GITS_BASER0'))).toEqual([{ step: 10, its: 0, wrong: [] }])
    expect(wrong(...restored, restore)).toEqual([{ step: 12, its: 0, wrong: ['again restore-tables'] }])
  })

  it('are told apart by VM and by ITS', () => {
    const first = [create, ...redistributor, ...asQemu(), restore, enable]
    const second = [create, ...redistributor, ...asQemu(1).slice(1), { ...restore, its: 1 }, its('GITS_CTLR', '0x1', 1)]
    expect(wrong(...first, { op: 'destroy_vm', ram_kept: true }, ...second)).toEqual([
      { step: 10, its: 0, wrong: [] },
      { step: 22, its: 1, wrong: ['missing iidr'] },
    ])
  })
})
