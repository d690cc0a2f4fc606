import { ENTRY_BYTES, ID_LIMIT, L1E, L2_ENTRIES, L2_SHIFT, type TableShape } from '../abi/index.ts'
import type { Gpa, ReadonlyMemory } from '../memory/index.ts'

const l2AddrOf = L1E.fields.l2Addr.get
const isValid = L1E.fields.valid.get
const INDEX_MASK = 2 ** 32 / ENTRY_BYTES - 1
// The compiler knows a constant of this module, and loads one of another each time.
const BYTES = ENTRY_BYTES
const LIMIT = ID_LIMIT
const SHIFT = L2_SHIFT
const L2_MASK = L2_ENTRIES - 1

/** Where entry `index` of a flat table is, or -1 when it is past the table's end or not in guest RAM. */
export function entryAt(memory: ReadonlyMemory, { base, bytes }: TableShape, index: number): number {
  const offset = index * ENTRY_BYTES
  if (offset >= bytes) return -1
  const at = base + offset
  return memory.contains(at as Gpa) ? at : -1
}

/** True for a DeviceID that the table has an index for, whether there is a place for its DTE or not. */
export function isInTable({ indirect, bytes }: TableShape, deviceId: number): boolean {
  const index = indirect ? deviceId >>> L2_SHIFT : deviceId
  return deviceId < ID_LIMIT && index * ENTRY_BYTES < bytes
}

/** True for an EventID of no more than `bits` bits. */
export const isInItt = (eventId: number, bits: number): boolean => Math.clz32(eventId) + bits >= 32

/**
 * Which entry of its ITT an event has. KVM multiplies in 32 bits: EventIDs of 30 to 32 bits, which a DTE that it restored unchecked may
 * allow, have the entries of lower ones.
 */
export const iteIndex = (eventId: number): number => eventId & INDEX_MASK

/** Where the ITE of an event is. */
export const iteAt = (ittAddr: number, eventId: number): number => ittAddr + iteIndex(eventId) * BYTES

/**
 * Where the DTE of a device is, or -1 when it cannot be stored: the DeviceID has more than 16 bits or is past the table, its
 * first-level entry is not valid or not readable, or the place is not in guest RAM. Valid of the BASER is not asked. Whoever asks often
 * brings a cursor of its own for the first level.
 *
 * @source vgic-its.c vgic_its_check_id
 */
export function dteAt(memory: ReadonlyMemory, table: TableShape, deviceId: number, l1 = memory.cursor()): number {
  if (deviceId >= LIMIT) return -1
  if (!table.indirect) return entryAt(memory, table, deviceId)
  const l1Offset = (deviceId >>> SHIFT) * BYTES
  if (l1Offset >= table.bytes || !l1.seek((table.base + l1Offset) as Gpa)) return -1
  const { words, index } = l1
  const lo = words[index]!
  const hi = words[index + 1]!
  if (isValid(lo, hi) === 0) return -1
  const at = l2AddrOf(lo, hi) + (deviceId & L2_MASK) * BYTES
  return memory.contains(at as Gpa) ? at : -1
}
