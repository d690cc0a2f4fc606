import type { GicRegisters } from '../abi/index.ts'
import type { Step, StepAnswer } from './step.ts'

const perVcpu = ['GICR_CTLR', 'GICR_PROPBASER', 'GICR_PENDBASER'] as const

/** Steps that read what a VMM saves of the only ITS of a VM and of its redistributors; `registersRead` reads their answers. */
export function registerReads(vcpuIds: readonly number[]): Step[] {
  return [{ op: 'its_regs' }, ...vcpuIds.flatMap((cpu) => perVcpu.map((reg): Step => ({ op: 'redist_read', cpu, reg })))]
}

/** The registers that the steps of `registerReads` were answered with. */
export function registersRead(vcpuIds: readonly number[], answers: readonly StepAnswer[]): GicRegisters {
  const { values } = answers[0] as { readonly values: Readonly<Record<string, string>> }
  const its = (name: string) => BigInt(values[`GITS_${name}`]!)
  const gicr = (vcpu: number, reg: (typeof perVcpu)[number]) =>
    BigInt(answers[1 + vcpu * perVcpu.length + perVcpu.indexOf(reg)]!['value'] as string)
  return {
    itses: [
      {
        base: undefined,
        ctlr: Number(its('CTLR')),
        iidr: Number(its('IIDR')),
        cbaser: its('CBASER'),
        cwriter: its('CWRITER'),
        creadr: its('CREADR'),
        baser: [its('BASER0'), its('BASER1')],
      },
    ],
    redistributors: vcpuIds.map((vcpuId, n) => ({
      vcpuId,
      ctlr: Number(gicr(n, 'GICR_CTLR')),
      propbaser: gicr(n, 'GICR_PROPBASER'),
      pendbaser: gicr(n, 'GICR_PENDBASER'),
    })),
  }
}
