import { address, bits, flag, layout } from './layout.ts'

const source = 'Arm IHI 0070, System Memory Management Unit Architecture Specification version 3'
const registers = `${source}, "Register formats"`
const structures = `${source}, "Memory map and data structures"`
const descriptors = 'Arm DDI 0487, Architecture Reference Manual for A-profile, "VMSAv8-64 translation table format descriptors"'

export const SMMU_CR0 = layout('SMMU_CR0', registers, {
  enabled: flag(0, 'SMMUEN: streams are translated.'),
})

export const SMMU_STRTAB_BASE = layout('SMMU_STRTAB_BASE', registers, {
  address: address(51, 6, 6, 'Base of the stream table.'),
})

export const SMMU_STRTAB_BASE_CFG = layout('SMMU_STRTAB_BASE_CFG', registers, {
  log2Size: bits(5, 0, 'StreamID bits.'),
  split: bits(10, 6, 'StreamID bits that a second-level table resolves.'),
  format: bits(17, 16, '0: linear; 1: two levels.'),
})

/** A Stream Table Entry has eight words. */
export const STE_BYTES = 64

export const L1STD = layout('L1STD', structures, {
  span: bits(4, 0, '2^(span - 1) entries at the second level; 0: none.'),
  l2Addr: address(51, 6, 6, 'The second-level table.'),
})

export const STE = layout('STE', structures, {
  valid: flag(0, 'Entry is valid.'),
  config: bits(3, 1, 'What happens to a transaction; 5: stage 1 translates it, stage 2 does not.'),
  s1Format: bits(5, 4, '0: one table of context descriptors; else two levels.'),
  s1Context: address(51, 6, 6, 'The context descriptors.'),
  s1CdMax: bits(63, 59, 'SubstreamID bits; 0: one context descriptor.'),
})

/** The second word of a Stream Table Entry. */
export const STE_1 = layout('STE_1', structures, {
  s1Default: bits(1, 0, 'What happens without a SubstreamID where there are some; 2: the first context descriptor counts.'),
})

export const STE_CONFIG_S1 = 5
export const STE_S1DSS_FIRST = 2

export const L1CD = layout('L1CD', structures, {
  valid: flag(0, 'The second-level table exists.'),
  l2Addr: address(51, 12, 12, 'The second-level table.'),
})

export const CD = layout('CD', structures, {
  t0sz: bits(5, 0, 'Input addresses have 64 - T0SZ bits.'),
  tg0: bits(7, 6, 'Granule: 0 is 4 KiB, 1 is 64 KiB, 2 is 16 KiB.'),
  epd0: flag(14, 'The first table is not walked.'),
  valid: flag(31, 'Descriptor is valid.'),
  aa64: flag(41, 'Translation tables of AArch64.'),
})

/** The second word of a context descriptor. */
export const CD_1 = layout('CD_1', structures, {
  ttb0: address(51, 4, 4, 'The first translation table.'),
})

export const TTD = layout('TTD', descriptors, {
  valid: flag(0, 'Descriptor is valid.'),
  table: flag(1, 'A table, or at the last level a page; else a block.'),
  address: address(47, 12, 12, 'The next table, or the output; aligned to what it is.'),
})
