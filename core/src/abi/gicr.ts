import { address, bits, flag, layout } from './layout.ts'

const source = 'Arm GIC Architecture Specification (IHI 0069), "Redistributor register descriptions"'

/** Offsets in the redistributor's RD_base frame of the registers that concern LPIs. */
export const GICR = {
  CTLR: 0x0000,
  IIDR: 0x0004,
  TYPER: 0x0008,
  STATUSR: 0x0010,
  WAKER: 0x0014,
  PROPBASER: 0x0070,
  PENDBASER: 0x0078,
  INVLPIR: 0x00a0,
  INVALLR: 0x00b0,
  SYNCR: 0x00c0,
  PIDR2: 0xffe8,
} as const

/** Offsets of the registers of SGIs and PPIs, in the SGI_base frame, from RD_base. */
export const GICR_SGI = {
  IGROUPR0: 0x1_0080,
  ISENABLER0: 0x1_0100,
  ICENABLER0: 0x1_0180,
  ISPENDR0: 0x1_0200,
  ICPENDR0: 0x1_0280,
  ISACTIVER0: 0x1_0300,
  ICACTIVER0: 0x1_0380,
  /** Eight words. */
  IPRIORITYR: 0x1_0400,
  ICFGR0: 0x1_0c00,
  ICFGR1: 0x1_0c04,
  IGRPMODR0: 0x1_0d00,
  NSACR: 0x1_0e00,
} as const

export const GICR_TYPER = layout('GICR_TYPER', source, {
  plpis: flag(0, 'Physical LPIs.'),
  last: flag(4, 'The last redistributor of its region.'),
  processorNumber: bits(23, 8, 'What RDbase names.'),
  affinity: bits(63, 32, 'Aff3 to Aff0.'),
})

export const GICR_CTLR = layout('GICR_CTLR', source, {
  enableLpis: flag(0, 'LPIs are enabled.'),
  ces: flag(1, 'EnableLPIs can be cleared by software.'),
  ir: flag(2, 'GICR_INVLPIR and GICR_INVALLR exist.'),
  rwp: flag(3, 'A write to this register is pending.'),
})

export const GICR_PROPBASER = layout('GICR_PROPBASER', source, {
  idBits: bits(4, 0, 'INTID bits, minus one.'),
  innerCache: bits(9, 7, 'Inner cacheability.'),
  shareability: bits(11, 10, '0 non-shareable, 1 inner, 2 outer.'),
  address: address(51, 12, 12, 'LPI configuration table.'),
  outerCache: bits(58, 56, 'Outer cacheability.'),
})

export const GICR_PENDBASER = layout('GICR_PENDBASER', source, {
  innerCache: bits(9, 7, 'Inner cacheability.'),
  shareability: bits(11, 10, '0 non-shareable, 1 inner, 2 outer.'),
  address: address(51, 16, 16, 'LPI pending table.'),
  outerCache: bits(58, 56, 'Outer cacheability.'),
  ptz: flag(62, 'The pending table is all zeros; reads as 0.'),
})

/** One byte of the LPI configuration table. */
export const LPI_CONFIG = layout('LPI configuration', source, {
  enable: flag(0, 'The LPI is enabled.'),
  priority: address(7, 2, 2, 'Priority, bits [7:2].'),
})
