import { address, bits, flag, layout } from './layout.ts'

const source = 'Arm GIC Architecture Specification (IHI 0069), "GICv4 registers"; Linux include/linux/irqchip/arm-gic-v3.h'

/** Offset of the VLPI frame from RD_base. */
const VLPI_FRAME = 0x20000

/** Offsets of the registers of virtual interrupts, from RD_base. */
export const GICR_VIRTUAL = {
  VPROPBASER: VLPI_FRAME + 0x70,
  VPENDBASER: VLPI_FRAME + 0x78,
  VSGIR: VLPI_FRAME + 0x80,
  VSGIPENDR: VLPI_FRAME + 0x88,
} as const

/** Offsets of the GICv4.1 registers of an ITS. GITS_SGIR is in a frame of its own, 128 KiB above the control page. */
export const GITS_VIRTUAL = { MPIDR: 0x0018, SGIR: 0x20020 } as const

/** The INTID that says "no doorbell" in VMAPP, VMAPTI, VMAPI, VMOVI and VMOVP. */
export const NO_DOORBELL = 1023
/** A vPE has 16 virtual SGIs. */
export const VSGI_COUNT = 16
/** VMOVP's ITSList has 16 bits (GICv4_ITS_LIST_MAX). */
export const ITS_LIST_MAX = 16
/** Bytes at the head of a virtual pending table that belong to the implementation: those of INTIDs below 8192. */
export const VPT_PRIVATE_BYTES = 1024
/** A virtual pending table starts on 64 KiB and, with 16 INTID bits, takes one such page. */
export const VPT_ALIGN = 0x10000

const cacheability = {
  innerCache: bits(9, 7, 'Inner cacheability.'),
  shareability: bits(11, 10, '0 non-shareable, 1 inner, 2 outer.'),
  outerCache: bits(58, 56, 'Outer cacheability.'),
}

export const GICR_VPROPBASER_V40 = layout('GICR_VPROPBASER (GICv4.0)', source, {
  idBits: bits(4, 0, 'vINTID bits, minus one.'),
  ...cacheability,
  address: address(51, 12, 12, 'Virtual LPI configuration table of the vPE that is resident here.'),
})

export const GICR_VPROPBASER_V41 = layout('GICR_VPROPBASER (GICv4.1)', source, {
  size: bits(6, 0, 'Pages of the table, or of its first level, minus one.'),
  ...cacheability,
  address: address(51, 12, 12, 'vPE table.'),
  zero: flag(52, 'The table is all zeros when Valid is set.'),
  pageSize: bits(54, 53, '0: 4 KiB, 1: 16 KiB, 2: 64 KiB.'),
  indirect: flag(55, 'Two-level table.'),
  entrySize: bits(61, 59, 'Bytes of an entry in units of 8, minus one.'),
  valid: flag(63, 'The table is in use.'),
})

export const GICR_VPENDBASER_V40 = layout('GICR_VPENDBASER (GICv4.0)', source, {
  ...cacheability,
  address: address(51, 16, 16, 'Virtual pending table: names the vPE.'),
  dirty: flag(60, 'The hardware has not finished reading or writing the table.'),
  pendingLast: flag(61, 'An interrupt was pending when the vPE left.'),
  idai: flag(62, 'The implementation defined area of the table is not valid.'),
  valid: flag(63, 'A vPE is resident.'),
})

export const GICR_VPENDBASER_V41 = layout('GICR_VPENDBASER (GICv4.1)', source, {
  vpeid: bits(15, 0, 'The vPE.'),
  vgrp1En: flag(58, "The guest's Group 1 is enabled."),
  vgrp0En: flag(59, "The guest's Group 0 is enabled."),
  dirty: flag(60, 'The hardware has not finished.'),
  pendingLast: flag(61, 'Written 0 when leaving: work it out. Read: an interrupt is pending.'),
  doorbell: flag(62, 'Written when leaving: send the default doorbell when an interrupt becomes pending.'),
  valid: flag(63, 'A vPE is resident.'),
})

export const GICR_VSGIR = layout('GICR_VSGIR', source, { vpeid: bits(15, 0, 'Whose vSGIs are asked for.') })

export const GICR_VSGIPENDR = layout('GICR_VSGIPENDR', source, {
  pending: bits(15, 0, 'One bit for each vSGI.'),
  busy: flag(31, 'The answer is not there yet.'),
})

/** GICR_INVLPIR and GICR_INVALLR; without V they speak of physical LPIs. */
export const GICR_INVLPIR = layout('GICR_INVLPIR', source, {
  intid: bits(31, 0, 'The LPI; no meaning in GICR_INVALLR.'),
  vpeid: bits(47, 32, 'The vPE, when V is 1.'),
  virtual: flag(63, 'The LPI is virtual.'),
})

export const GITS_SGIR = layout('GITS_SGIR', source, {
  vintid: bits(3, 0, 'vSGI number.'),
  vpeid: bits(47, 32, 'Its vPE.'),
})

const model = 'Implementation defined by the architecture; this is the form of the model'

/** First level of an indirect vPE table. */
export const VPE_L1E = layout('vPE table L1E', source, {
  address: address(51, 12, 12, 'Second-level page.'),
  valid: flag(63, 'The page exists.'),
})

/** The vPE table entry, three doublewords. Nothing but the hardware reads it. */
export const VPE_ENTRY = [
  layout('vPE entry, doubleword 0', model, {
    vptSize: bits(4, 0, 'vINTID bits, minus one.'),
    vptAddr: address(51, 16, 16, 'Virtual pending table.'),
    valid: flag(63, 'The vPE is mapped.'),
  }),
  layout('vPE entry, doubleword 1', model, {
    rdBase: bits(15, 0, 'Redistributor the vPE belongs to.'),
    vconfAddr: address(51, 16, 16, 'Virtual LPI configuration table.'),
  }),
  layout('vPE entry, doubleword 2', model, { defaultDoorbell: bits(31, 0, 'Physical LPI; 1023 for none.') }),
] as const

/** Bytes of a vPE table entry of the model. */
export const VPE_ENTRY_BYTES = 8 * VPE_ENTRY.length

/** One byte for each vSGI, at the head of the virtual pending table: the implementation's own, so never to be read as LPIs. */
export const VSGI_STATE = layout('vSGI state', model, {
  enabled: flag(0, 'Enabled.'),
  group1: flag(1, 'Group 1.'),
  pending: flag(2, 'Pending.'),
  priority: address(7, 4, 4, 'Priority, bits [7:4].'),
})
