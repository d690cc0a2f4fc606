import { CTE, DTE, DTE_NEXT_CAP, ENTRY_BYTES, ITE, ITE_NEXT_CAP } from '../abi/index.ts'
import type { Gpa, ReadonlyMemory } from '../memory/index.ts'
import { firstPast } from '../memory/index.ts'
import { type Answer, GO_ON, type Objection, STOP, type TableReader, type Walked, walkTables } from '../tables/index.ts'
import type { Scene } from './scene.ts'
import type { Tables } from './simulate.ts'

/** One entry that a restore reads and accepts, in its order. */
export interface TraceEntry {
  readonly kind: 'CTE' | 'DTE' | 'ITE'
  readonly at: Gpa
  readonly lo: number
  readonly hi: number
  /** The DeviceID of a DTE, and of the device whose ITE it is. */
  readonly deviceId?: number
  readonly eventId?: number
  readonly icid?: number
  /** Slots without a valid entry that were read on the way here from the entry before. */
  readonly stepped: number
  /** Slots that its `next` jumps over unread. */
  readonly jumped: number
  /** Valid entries among those. */
  readonly hidden: number
  /** `next` is the largest its field holds: the entry it was made for may be farther away. */
  readonly capped: boolean
  /** `next` is 0: the scan of this table ends here. */
  readonly last: boolean
}

/** Why a walk went no further. */
export type TraceEnd =
  /** The scan met a DTE with next 0, as it should. */
  | { readonly by: 'last entry' }
  /** The device table ended first, or there is none. */
  | { readonly by: 'end of the table' }
  /** KVM objects to an entry. */
  | { readonly by: 'objection'; readonly objection: Objection }
  /** Linux 4.13: the collection table was full to its last entry, and no device is read. */
  | { readonly by: 'full collection table' }
  /** The listing was full; the walk goes on. */
  | { readonly by: 'listing' }
  /** The tables are more work than may be spent on them. */
  | { readonly by: 'limit'; readonly limit: 'work' }
  /** The page at `needs` was not loaded. */
  | { readonly by: 'not loaded'; readonly needs: Gpa | undefined }

/** How a restore goes through the tables. */
export interface WalkTrace {
  readonly entries: readonly TraceEntry[]
  readonly end: TraceEnd
}

/** Entries listed when nobody says how many. */
const MOST_ENTRIES = 65536

/** Which entries are listed. */
export interface Traced {
  /** At most so many. */
  readonly most?: number
  /** Without the ITEs of devices: what the scan of the device table comes to. */
  readonly withoutEvents?: boolean
}

/** The way of a restore through the tables of `scene`: a reader of the one walk. */
export function traceWalk(scene: Scene, { most = MOST_ENTRIES, withoutEvents = false }: Traced = {}): WalkTrace {
  const { memory, view, profile, tables } = scene
  const tracer = new Tracer(memory, tables, { most, withoutEvents })
  const walked = walkTables(memory, view, profile.quirks, tracer, { mostWork: scene.share('restore') })
  return { entries: tracer.entries, end: endOf(walked, tracer.entries) }
}

function endOf({ objection, cut, needs, endedByFullTable }: Walked, entries: readonly TraceEntry[]): TraceEnd {
  if (objection !== undefined) return { by: 'objection', objection }
  if (cut === 'reader') return { by: 'listing' }
  if (cut === 'not-loaded') return { by: 'not loaded', needs }
  if (cut !== undefined) return { by: 'limit', limit: cut }
  if (endedByFullTable) return { by: 'full collection table' }
  const device = entries.findLast(({ kind }) => kind === 'DTE')
  return { by: device?.last === true ? 'last entry' : 'end of the table' }
}

class Tracer implements TableReader {
  readonly entries: TraceEntry[] = []
  readonly #memory: ReadonlyMemory
  readonly #tables: Tables
  readonly #most: number
  readonly #withoutEvents: boolean
  /** Where the scan of the device table, and of the ITT under way, is to go on. */
  #nextDevice = 0
  #nextEvent = 0

  constructor(memory: ReadonlyMemory, tables: Tables, { most, withoutEvents }: Required<Traced>) {
    this.#memory = memory
    this.#tables = tables
    this.#most = most
    this.#withoutEvents = withoutEvents
  }

  collection(_icid: number, _rdBase: number, at: Gpa): Answer {
    const { lo, hi } = this.#word(at)
    const none = { stepped: 0, jumped: 0, hidden: 0, capped: false, last: false }
    return this.#add({ kind: 'CTE', at, lo, hi, icid: CTE.fields.icid.get(lo, hi), ...none })
  }

  device(deviceId: number, _ittAddr: Gpa, _eventIdBits: number, at: Gpa): Answer {
    const { lo, hi } = this.#word(at)
    const next = DTE.fields.next.get(lo, hi)
    const stepped = deviceId - this.#nextDevice
    this.#nextDevice = deviceId + next
    this.#nextEvent = 0
    const hidden = this.#hiddenDevices(deviceId, deviceId + next)
    return this.#add({ kind: 'DTE', at, lo, hi, deviceId, stepped, hidden, ...jump(next, DTE_NEXT_CAP) })
  }

  event(deviceId: number, eventId: number, _pintid: number, icid: number, ittAddr: Gpa): Answer {
    if (this.#withoutEvents) return GO_ON
    const at = (ittAddr + eventId * ENTRY_BYTES) as Gpa
    const { lo, hi } = this.#word(at)
    const next = ITE.fields.next.get(lo, hi)
    const stepped = eventId - this.#nextEvent
    this.#nextEvent = eventId + next
    const hidden = this.#hiddenEvents(deviceId, eventId, eventId + next)
    return this.#add({ kind: 'ITE', at, lo, hi, deviceId, eventId, icid, stepped, hidden, ...jump(next, ITE_NEXT_CAP) })
  }

  drop(): void {}

  #add(entry: TraceEntry): Answer {
    if (this.entries.length >= this.#most) return STOP
    this.entries.push(entry)
    return GO_ON
  }

  #word(at: Gpa): { readonly lo: number; readonly hi: number } {
    return { lo: this.#memory.u32(at), hi: this.#memory.u32((at + 4) as Gpa) }
  }

  /** Valid DTEs between two DeviceIDs, both left out. */
  #hiddenDevices(after: number, before: number): number {
    const { devices } = this.#tables.mappings
    const from = firstPast(devices.length, (i) => devices[i]!.deviceId > after)
    return Math.max(0, firstPast(devices.length, (i) => devices[i]!.deviceId >= before) - from)
  }

  /** Valid ITEs of a device between two EventIDs, both left out. */
  #hiddenEvents(deviceId: number, after: number, before: number): number {
    const { mappings } = this.#tables
    const device = mappings.device(deviceId)
    if (device === undefined) return 0
    const { first, count } = device
    const from = firstPast(count, (i) => mappings.events.eventId[first + i]! > after)
    return Math.max(0, firstPast(count, (i) => mappings.events.eventId[first + i]! >= before) - from)
  }
}

const jump = (next: number, cap: number) => ({ jumped: Math.max(0, next - 1), capped: next === cap, last: next === 0 })
