import { address, bits, flag, layout } from './layout.ts'

const source = 'Linux Documentation/virt/kvm/devices/arm-vgic-its.rst, "ITS Table ABI REV0"'

/** Every entry of ABI revision 0 has eight bytes. */
export const ENTRY_BYTES = 8
/** Second-level device tables have 64 KiB: 8192 DTEs. */
export const L2_BYTES = 0x10000
export const L2_ENTRIES = L2_BYTES / ENTRY_BYTES
/** The same as a power of two: a DeviceID shifted right by it is the index of its first-level entry. */
export const L2_SHIFT = Math.log2(L2_ENTRIES)
/** DeviceIDs, EventIDs and ICIDs have 16 bits (GITS_TYPER). */
export const ID_LIMIT = 0x10000
/** The first LPI. */
export const FIRST_LPI = 8192
/** KVM maps at most 16 bits of INTID. */
export const LPI_LIMIT = 0x10000
/** The most EventID bits a device may have. */
export const MAX_EVENTID_BITS = 16
/** RDbase of a collection that MAPTI named before any MAPC did (COLLECTION_NOT_MAPPED). */
export const UNMAPPED_TARGET = 0xffffffff

export const DTE = layout('DTE', source, {
  size: bits(4, 0, 'EventID bits, minus one.'),
  ittAddr: address(48, 5, 8, 'ITT base, bits [51:8]; 256-byte aligned.'),
  next: bits(62, 49, 'DeviceID distance to the next valid DTE, capped at 2^14-1; 0 marks the last.'),
  valid: flag(63, 'Entry is mapped.'),
})

export const ITE = layout('ITE', source, {
  icid: bits(15, 0, 'Collection the event is delivered to.'),
  pintid: bits(47, 16, 'Physical LPI; 0 means the entry is not valid.'),
  next: bits(63, 48, 'EventID distance to the next valid ITE, capped at 2^16-1; 0 marks the last.'),
})

export const CTE = layout('CTE', source, {
  icid: bits(15, 0, 'Collection number.'),
  rdBase: bits(47, 16, 'Target redistributor; a processor number because GITS_TYPER.PTA is 0. 0xffffffff: not mapped.'),
  valid: flag(63, 'Entry is mapped; the first entry without it ends the list.'),
})

export const L1E = layout('L1E', source, {
  l2Addr: address(51, 16, 16, 'Second-level page, 64 KiB aligned.'),
  valid: flag(63, 'The second-level page exists.'),
})

/** The largest `next` of a DTE and of an ITE: longer distances are cut to it. */
export const DTE_NEXT_CAP = 0x3fff
export const ITE_NEXT_CAP = 0xffff
