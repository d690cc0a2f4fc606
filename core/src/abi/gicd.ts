import { bits, flag, layout } from './layout.ts'

const source = 'Arm GIC Architecture Specification (IHI 0069), "Distributor register descriptions"'

/** Offsets in the distributor's frame of the registers that concern LPIs. */
export const GICD = {
  CTLR: 0x0000,
  TYPER: 0x0004,
  IIDR: 0x0008,
} as const

export const GICD_CTLR = layout('GICD_CTLR', source, {
  enableGrp1: flag(1, 'Interrupts of group 1 are forwarded to the CPU interfaces.'),
  areNs: flag(4, 'Affinity routing: always, with KVM.'),
  ds: flag(6, 'One security state: always, with KVM.'),
})

export const GICD_TYPER = layout('GICD_TYPER', source, {
  itLines: bits(4, 0, 'SPIs, in units of 32, minus those of the private interrupts.'),
  lpis: flag(17, 'LPIs exist.'),
  idBits: bits(23, 19, 'INTID bits, minus one.'),
})
