import { LPI_LIMIT, type Quirks } from '../abi/index.ts'
import type { Gpa, ReadonlyMemory } from '../memory/index.ts'
import {
  type Answer,
  GO_ON,
  type Objection,
  type SweepReader,
  type Swept,
  sweepTables,
  type TableReader,
  type TableView,
  type Walked,
  type WalkOptions,
  walkTables,
} from '../tables/index.ts'
import { Mappings } from './mappings.ts'

/** What RESTORE_TABLES answers, and what it brings back. */
export interface SimulatedRestore {
  /** Undefined when the restore succeeds. */
  readonly objection: Objection | undefined
  /** Everything read up to the end or the objection. */
  readonly mappings: Mappings
  /** Events whose entries it passes over, because an earlier event has their LPI: DeviceID to EventID to LPI. */
  readonly taken: ReadonlyMap<number, ReadonlyMap<number, number>>
  /** LPIs behind the LPI tables that it mapped for devices it dropped again; not many more than there are LPIs. */
  readonly dropped: ReadonlySet<number>
  /** Entries a kernel reads. */
  readonly entries: number
  /** What it cost, in steps. */
  readonly work: number
  /** The walk was given up: the tables are larger than any VM's. */
  readonly cut: Walked['cut']
  /** The page that was not loaded, when that cut the walk. */
  readonly needs: Gpa | undefined
}

export class Collector implements TableReader {
  readonly mappings = new Mappings()
  readonly takenOf = new Map<number, Map<number, number>>()
  readonly droppedLpis = new Set<number>()

  collection(icid: number, rdBase: number): Answer {
    this.mappings.collections.set(icid, rdBase)
    return GO_ON
  }

  device(deviceId: number, ittAddr: Gpa, eventIdBits: number, at: Gpa): Answer {
    this.mappings.addDevice(deviceId, ittAddr, eventIdBits, at)
    return GO_ON
  }

  event(_deviceId: number, eventId: number, pintid: number, icid: number): Answer {
    this.mappings.addEvent(eventId, pintid, icid)
    return GO_ON
  }

  drop(): void {
    const { devices, lpis } = this.mappings
    for (const lpi of lpis.subarray(devices.at(-1)!.first)) {
      if (this.droppedLpis.size > LPI_LIMIT) break
      if (lpi >= LPI_LIMIT) this.droppedLpis.add(lpi)
    }
    this.mappings.dropDevice()
  }

  taken(deviceId: number, eventId: number, pintid: number): void {
    const known = this.takenOf.get(deviceId)
    if (known === undefined) this.takenOf.set(deviceId, new Map([[eventId, pintid]]))
    else known.set(eventId, pintid)
  }
}

/** Runs the restore of a kernel over the tables in RAM; `isMapped`: the LPIs that ITSes before it have restored. */
export function simulateRestore(
  memory: ReadonlyMemory,
  view: TableView,
  quirks: Quirks,
  mostWork: number,
  isMapped?: WalkOptions['isMapped'],
): SimulatedRestore {
  const collector = new Collector()
  const options = { mostWork, ...(isMapped === undefined ? {} : { isMapped }) }
  return restoredBy(collector, walkTables(memory, view, quirks, collector, options))
}

/** What a walk came to. */
export function restoredBy(
  { mappings, takenOf: taken, droppedLpis: dropped }: Collector,
  { objection, entries, work, cut, needs }: Walked,
): SimulatedRestore {
  return { objection, entries, work, cut, needs, mappings, taken, dropped }
}

/** Everything valid in the tables, whether a restore reaches it or not. */
export interface Tables {
  readonly mappings: Mappings
  /** Words of tables or ITTs that are not in RAM. */
  readonly unreadable: readonly Unreadable[]
  /** Why not everything was looked at. */
  readonly cut: Swept['cut']
  /** What it cost, in steps. */
  readonly work: number
}

export interface Unreadable {
  readonly what: 'CTE' | 'DTE' | 'ITE'
  readonly base: Gpa
  readonly words: number
  readonly deviceId: number | undefined
}

class Sweeper implements SweepReader {
  readonly mappings = new Mappings()
  readonly unreadableWords: Unreadable[] = []

  collection(icid: number, rdBase: number, _at: Gpa, behind: boolean): void {
    if (!behind) this.mappings.collections.set(icid, rdBase)
  }

  device(deviceId: number, ittAddr: Gpa, eventIdBits: number, next: number, at: Gpa): void {
    this.mappings.addDevice(deviceId, ittAddr, eventIdBits, at, next)
  }

  event(_deviceId: number, eventId: number, pintid: number, icid: number, next: number): void {
    this.mappings.addEvent(eventId, pintid, icid, next)
  }

  unreadable(what: Unreadable['what'], base: Gpa, words: number, deviceId?: number): void {
    this.unreadableWords.push({ what, base, words, deviceId })
  }
}

/** Lists every valid entry in RAM. */
export function sweep(memory: ReadonlyMemory, view: TableView, mostWork: number): Tables {
  const sweeper = new Sweeper()
  const { cut, work } = sweepTables(memory, view, sweeper, mostWork)
  return { mappings: sweeper.mappings, unreadable: sweeper.unreadableWords, cut, work }
}
