import { bits, flag, layout } from './layout.ts'

const source = 'Arm GIC Architecture Specification (IHI 0069), "Distributor register descriptions"'

/** Offsets in the distributor's frame of the registers that concern LPIs. */
export const GICD = {
  CTLR: 0x0000,
  TYPER: 0x0004,
  IIDR: 0x0008,
  TYPER2: 0x000c,
} as const

export const GICD_CTLR = layout('GICD_CTLR', source, {
  enableGrp1: flag(1, 'Interrupts of group 1 are forwarded to the CPU interfaces.'),
  areNs: flag(4, 'Affinity routing: always, with KVM.'),
  ds: flag(6, 'One security state: always, with KVM.'),
  nassgiReq: flag(8, 'GICv4.1: SGIs without active state, so that hardware can deliver them.'),
})

export const GICD_TYPER2 = layout('GICD_TYPER2', source, {
  nassgiCap: flag(8, 'GICv4.1: nASSGIreq can be set.'),
})

export const GICD_TYPER = layout('GICD_TYPER', source, {
  itLines: bits(4, 0, 'SPIs, in units of 32, minus those of the private interrupts.'),
  lpis: flag(17, 'LPIs exist.'),
  idBits: bits(23, 19, 'INTID bits, minus one.'),
})
