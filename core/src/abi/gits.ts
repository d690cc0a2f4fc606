import { address, bits, flag, layout } from './layout.ts'

const source = 'Arm GIC Architecture Specification (IHI 0069), "ITS register descriptions"'

/** Bytes of the whole frame: the control page and the translation page, 64 KiB each. */
export const ITS_FRAME_BYTES = 0x20000
/** Offset of GITS_TRANSLATER, which MSIs are written to, in the frame. */
export const GITS_TRANSLATER = 0x10040

/** Offsets of the registers of the control page. */
export const GITS = {
  CTLR: 0x0000,
  IIDR: 0x0004,
  TYPER: 0x0008,
  CBASER: 0x0080,
  CWRITER: 0x0088,
  CREADR: 0x0090,
  BASER0: 0x0100,
  BASER1: 0x0108,
  BASER2: 0x0110,
  BASER7: 0x0138,
} as const

/** The identification registers of the control page: offset and value. Those of the page's end that are not here read as 0. */
export const GITS_ID_REGISTERS = {
  PIDR4: { at: 0xffd0, value: 0x40 },
  PIDR0: { at: 0xffe0, value: 0x92 },
  PIDR1: { at: 0xffe4, value: 0xb4 },
  PIDR2: { at: 0xffe8, value: 0x3b },
  CIDR0: { at: 0xfff0, value: 0x0d },
  CIDR1: { at: 0xfff4, value: 0xf0 },
  CIDR2: { at: 0xfff8, value: 0x05 },
  CIDR3: { at: 0xfffc, value: 0xb1 },
} as const

export const GITS_CTLR = layout('GITS_CTLR', source, {
  enabled: flag(0, 'The ITS translates and executes commands.'),
  itsNumber: bits(7, 4, "GICv4: the ITS's bit in the ITSList of VMOVP, where it is not one VMOVP for all."),
  quiescent: flag(31, 'CREADR equals CWRITER.'),
})

export const GITS_IIDR = layout('GITS_IIDR', source, {
  implementer: bits(11, 0, '0x43b: Arm.'),
  revision: bits(15, 12, 'KVM: the table ABI revision.'),
  productId: bits(31, 24, "KVM: 0x4b, 'K'."),
})

export const GITS_TYPER = layout('GITS_TYPER', source, {
  plpis: flag(0, 'Physical LPIs.'),
  vlpis: flag(1, 'Virtual LPIs (GICv4).'),
  ittEntrySize: bits(7, 4, 'Bytes of an ITE, minus one.'),
  idBits: bits(12, 8, 'EventID bits, minus one.'),
  devBits: bits(17, 13, 'DeviceID bits, minus one.'),
  pta: flag(19, 'RDbase is an address.'),
  hcc: bits(31, 24, 'Collections held by the ITS itself.'),
  cidBits: bits(35, 32, 'ICID bits, minus one, when CIL is 1.'),
  cil: flag(36, 'CIDbits counts.'),
  vmovp: flag(37, 'One VMOVP reaches every ITS.'),
  vsgi: flag(39, 'Virtual SGIs (GICv4.1).'),
  vmapp: flag(40, 'VMAPP has the GICv4.1 form.'),
  svpet: bits(42, 41, 'Which redistributors share a vPE table.'),
})

const cacheability = {
  shareability: bits(11, 10, '0 non-shareable, 1 inner, 2 outer.'),
  outerCache: bits(55, 53, 'Outer cacheability.'),
  innerCache: bits(61, 59, 'Inner cacheability.'),
}

export const GITS_CBASER = layout('GITS_CBASER', source, {
  pages: bits(7, 0, 'Queue size in 4 KiB pages, minus one.'),
  ...cacheability,
  address: address(51, 12, 12, 'Queue base.'),
  valid: flag(63, 'The queue is allocated.'),
})

export const GITS_CREADR = layout('GITS_CREADR', source, {
  stalled: flag(0, 'The queue stopped at an error; KVM never does.'),
  offset: address(19, 5, 5, 'Byte offset of the next command to execute.'),
})

export const GITS_CWRITER = layout('GITS_CWRITER', source, {
  retry: flag(0, 'Restart a stalled queue.'),
  offset: address(19, 5, 5, 'Byte offset after the last command written.'),
})

/** What a GITS_BASER<n> points at. */
export const BASER_TYPE = { none: 0, devices: 1, vpes: 2, collections: 4 } as const

export const GITS_BASER = layout('GITS_BASER<n>', source, {
  pages: bits(7, 0, 'Table size in pages, minus one.'),
  pageSize: bits(9, 8, '0: 4 KiB, 1: 16 KiB, 2: 64 KiB.'),
  shareability: cacheability.shareability,
  addressHigh: bits(15, 12, 'Address bits [51:48] with 64 KiB pages.'),
  addressLow: address(47, 16, 16, 'Address bits [47:16].'),
  entrySize: bits(52, 48, 'Bytes of an entry, minus one.'),
  outerCache: cacheability.outerCache,
  type: bits(58, 56, '1 devices, 4 collections.'),
  innerCache: cacheability.innerCache,
  indirect: flag(62, 'Two-level table.'),
  valid: flag(63, 'The table is allocated.'),
})

/** A device or collection table as its GITS_BASER<n> describes it. */
export interface TableShape {
  readonly valid: boolean
  readonly indirect: boolean
  /** Byte address, 64 KiB aligned. */
  readonly base: number
  /** Bytes of the table, or of its first level when indirect. */
  readonly bytes: number
}

const KIB_64 = 0x10000

/** Reads a GITS_BASER<n> as KVM does: pages are 64 KiB, address bits [51:48] are in [15:12] (GITS_BASER_ADDR_48_to_52). */
export function tableShape(baser: bigint): TableShape {
  const { valid, indirect, addressLow, addressHigh, pages } = GITS_BASER.unpack(baser)
  return { valid, indirect, base: addressHigh * 2 ** 48 + addressLow, bytes: (pages + 1) * KIB_64 }
}

/** The command queue as GITS_CBASER describes it. */
export interface QueueShape {
  readonly valid: boolean
  readonly base: number
  readonly bytes: number
}

export function queueShape(cbaser: bigint): QueueShape {
  const { valid, address: base, pages } = GITS_CBASER.unpack(cbaser)
  return { valid, base: base - (base % KIB_64), bytes: (pages + 1) * 4096 }
}
