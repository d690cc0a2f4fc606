import { ENTRY_BYTES, L1E, L2_ENTRIES } from '@vits/core/abi'
import { type Scene, type TraceEnd, type TraceEntry, traceWalk } from '@vits/core/audit'
import type { Gpa } from '@vits/core/memory'

/** How the scan of the device table meets an entry: it visits it, stops at it, jumps over it, or never comes so far. */
export type Path = 'visited' | 'stop' | 'jumped' | 'unreached' | 'absent'

/** The way of a restore through the device table. */
export interface Scan {
  /** The DTEs that it reads and accepts, by DeviceID. */
  readonly visits: ReadonlyMap<number, Visit>
  readonly end: TraceEnd
  /** The DeviceID that it came to last; -1 where it came to none. */
  readonly last: number
}

export interface Visit {
  /** From 1 on. */
  readonly order: number
  readonly entry: TraceEntry
}

/** Entries of tables that are listed: more than any VM has. */
const MOST_ENTRIES = 2 ** 18

export const scanOf = (scene: Scene): Scan => scene.once(scan)

function scan(scene: Scene): Scan {
  const { entries, end } = traceWalk(scene, { most: MOST_ENTRIES, withoutEvents: true })
  const visits = new Map<number, Visit>()
  for (const entry of entries) {
    if (entry.kind === 'DTE') visits.set(entry.deviceId!, { order: visits.size + 1, entry })
  }
  const stop = end.by === 'objection' ? end.objection.where.deviceId : undefined
  return { visits, end, last: Math.max(-1, stop ?? -1, ...lastOf(visits)) }
}

const lastOf = (visits: ReadonlyMap<number, Visit>): number[] => [...visits.keys()].slice(-1)

/** How the scan meets a device that is in the tables. */
export function pathOf({ visits, end, last }: Scan, deviceId: number): Path {
  if (end.by === 'objection' && end.objection.where.deviceId === deviceId) return 'stop'
  if (visits.has(deviceId)) return 'visited'
  return deviceId < last ? 'jumped' : 'unreached'
}

/** A page of a device table of two levels; where the table has one level there is none. */
export interface L1Entry {
  readonly index: number
  readonly at: Gpa
  readonly lo: number
  readonly hi: number
  /** Undefined where the entry is not valid or cannot be read. */
  readonly page: Gpa | undefined
}

/** The first-level entry under which a DeviceID stands. */
export function l1EntryOf({ view, memory }: Scene, deviceId: number): L1Entry | undefined {
  const { indirect, valid, base, bytes } = view.deviceTable
  const index = Math.floor(deviceId / L2_ENTRIES)
  if (!valid || !indirect || index * ENTRY_BYTES >= bytes) return undefined
  const at = (base + index * ENTRY_BYTES) as Gpa
  if (!memory.contains(at, ENTRY_BYTES) || !memory.isLoaded(at, ENTRY_BYTES)) return { index, at, lo: 0, hi: 0, page: undefined }
  const [lo, hi] = [memory.u32(at), memory.u32((at + 4) as Gpa)]
  const entry = L1E.decode(lo, hi)
  return { index, at, lo, hi, page: entry.valid ? (entry.l2Addr as Gpa) : undefined }
}

/** Where the DTE of a DeviceID belongs; undefined where the table has no room for it. */
export function slotOf(scene: Scene, deviceId: number): Gpa | undefined {
  const { indirect, valid, base, bytes } = scene.view.deviceTable
  if (!valid) return undefined
  if (!indirect) return deviceId * ENTRY_BYTES < bytes ? ((base + deviceId * ENTRY_BYTES) as Gpa) : undefined
  const page = l1EntryOf(scene, deviceId)?.page
  return page === undefined ? undefined : ((page + (deviceId % L2_ENTRIES) * ENTRY_BYTES) as Gpa)
}
