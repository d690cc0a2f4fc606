import { inspect } from '@vits/core'
import { describe, expect, it } from 'vitest'
import { PlantedVm } from '../../../core/src/audit/testing/planted-vm.ts'
import { budgetFor } from '../../../core/src/budget/testing/budget-for.ts'
import { plantedMachine } from '../../../core/src/inspect/testing/planted-machine.ts'
import { style } from '../style.ts'
import { planText } from './plan-text.ts'
import { reportText } from './report-text.ts'

describe('a VM whose tables are larger than what may be looked at', () => {
  const machine = plantedMachine(
    new PlantedVm()
      .map(16, { 0: [8192, 0] })
      .map(24, { 0: [8193, 0] })
      .save(),
  )
  const inspected = () => inspect(machine, { budget: budgetFor('restore', 20) })

  it('is called neither well nor broken', async () => {
    const inspection = await inspected()
    const found = { file: 'vm', machine, reports: inspection.audit(), kernels: inspection.judge() }
    const text = reportText(found, { kernels: [], rules: false, byHang: false }, style(false))
    expect(text).toContain('M703 tables-too-large')
    expect(text).toContain('Undecided: not everything was looked at (the budget of work is spent). Do not resume this VM')
    expect(text).not.toMatch(/lost|loses|cleanly/)
  })

  it('is not said to be mended', async () => {
    const plan = (await inspected()).plan({ allow: 'everything' })
    expect(planText('vm', machine, plan, style(false))).toContain('undecided: not everything was looked at')
  })
})

describe('a repair for which the budget is too small', () => {
  it('says what ran out, though nothing would change', async () => {
    const blank = plantedMachine(new PlantedVm().map(16, { 0: [8192, 0] }, { bits: 5 }))
    const planned = async (bytes: number) => {
      const plan = (await inspect(blank, { budget: budgetFor('queueItts', bytes) })).plan({ allow: 'everything', rebuild: true })
      return planText('vm', blank, plan, style(false))
    }
    expect(await planned(255)).toContain('the budget of bytes is spent, and something is left undone')
    expect(await planned(256)).not.toContain('budget')
  })
})
