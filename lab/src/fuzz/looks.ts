import { hex } from '@vits/core/abi'
import type { Step } from '@vits/core/conformance'
import {
  collectionTableAt,
  deviceTableAt,
  ITT_SPACE,
  L2_PAGES,
  l2PageAt,
  PENDING_BYTES,
  pendingTableAt,
  RAM,
  SIDE_RAM,
  TABLE_PAGE,
} from './places.ts'
import type { Setting } from './random-case.ts'

/** Dumps of everything a save may write. */
export function tableDumps({ itses }: Setting, sideRam: boolean): Step[] {
  return [
    ...itses.flatMap(({ pages }, its) => [
      dump(`device table ${its}`, deviceTableAt(its), Math.max(2, pages) * TABLE_PAGE),
      dump(`collection table ${its}`, collectionTableAt(its), TABLE_PAGE),
    ]),
    dump('second-level pages', l2PageAt(0), L2_PAGES * TABLE_PAGE),
    dump('ITTs', ITT_SPACE.base, ITT_SPACE.bytes),
    ...(sideRam ? [dump('side RAM', SIDE_RAM.base, SIDE_RAM.bytes)] : []),
  ]
}

/** Which pages KVM wrote since it was last asked, and the pending tables. */
export function pendingDumps({ vcpuIds }: Setting, sideRam: boolean): Step[] {
  return [
    { op: 'dirty_log', slot: 0, base: hex(RAM.base) },
    ...(sideRam ? [{ op: 'dirty_log', slot: SIDE_RAM.slot, base: hex(SIDE_RAM.base) } as const] : []),
    ...vcpuIds.map((cpu) => dump(`pending table ${cpu}`, pendingTableAt(cpu), PENDING_BYTES)),
  ]
}

/** Zeros over all tables, but for the first level of device tables, which is the guest's. */
export function clearedTables({ itses }: Setting): Step[] {
  return [
    ...itses.flatMap(({ indirect }, its) => [
      ...(indirect ? [] : [zero(deviceTableAt(its), 2 * TABLE_PAGE)]),
      zero(collectionTableAt(its), TABLE_PAGE),
    ]),
    zero(l2PageAt(0), L2_PAGES * TABLE_PAGE),
    zero(ITT_SPACE.base, ITT_SPACE.bytes),
  ]
}

const dump = (what: string, base: number, bytes: number): Step => ({ op: 'mem_dump', what, gpa: hex(base), len: hex(bytes) })
const zero = (base: number, bytes: number): Step => ({ op: 'mem_zero', gpa: hex(base), len: hex(bytes) })
