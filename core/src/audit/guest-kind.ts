import {
  COMMAND_BYTES,
  FIRST_LPI,
  GICR_PROPBASER,
  type GicRegisters,
  ID_LIMIT,
  type ItsRegisters,
  queueShape,
} from '../abi/index.ts'
import type { Gpa, ReadonlyMemory } from '../memory/index.ts'
import { ifThere } from './if-there.ts'

/** The guests that rules ask for. */
export type GuestKind = 'Linux' | 'Xen' | 'unknown'

/** The LPIs that are used last: no guest comes to them. */
const LAST_LPIS = 64
/** Linux to 6.1, and since. */
const LINUX_BYTES: readonly number[] = [0xa2, 0xc2]
const XEN_SLOTS = 32_768

/**
 * What the ring and the configuration of LPIs that were never used show of the guest: a hint by which rules are chosen, and never
 * proof. A table that was cleared or lost is nobody's.
 *
 * @source Linux gic_reset_prop_table, lpi_prop_prio; Xen its_map_cbaser
 */
export function guestKind(memory: ReadonlyMemory, registers: GicRegisters, its: ItsRegisters): GuestKind {
  if (queueShape(its.cbaser).bytes / COMMAND_BYTES === XEN_SLOTS) return 'Xen'
  const { address, idBits } = GICR_PROPBASER.unpack(registers.redistributors[0]?.propbaser ?? 0n)
  const end = Math.min(2 ** (idBits + 1), ID_LIMIT) - FIRST_LPI
  if (end < LAST_LPIS) return 'unknown'
  const bytes = ifThere(() => memory.read((address + end - LAST_LPIS) as Gpa, LAST_LPIS))
  const [first = 0] = bytes ?? []
  return LINUX_BYTES.includes(first) && bytes!.every((byte) => byte === first) ? 'Linux' : 'unknown'
}
