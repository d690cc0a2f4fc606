import { CTE, DTE, ENTRY_BYTES, ITE, MAX_EVENTID_BITS } from '../abi/index.ts'
import type { Gpa, ReadonlyMemory } from '../memory/index.ts'
import { dteBlocks, eachWord, type WordsRead } from './blocks.ts'
import { DEFAULT_WORK, WALK_WORK } from './reader.ts'
import { nextValidDte, nextValidIte } from './scan.ts'
import type { TableView } from './table-view.ts'

/** Who looks at everything that lies in the tables, reachable by a restore or not. */
export interface SweepReader {
  /** A valid CTE; `behind` when an entry without Valid comes before it, so that a restore never reads it. */
  collection(icid: number, rdBase: number, at: Gpa, behind: boolean): void
  /** A valid DTE. Its valid ITEs follow. */
  device(deviceId: number, ittAddr: Gpa, eventIdBits: number, next: number, at: Gpa): void
  /** A valid ITE in the ITT that the DTE names; below 8192 `pintid` is no LPI. */
  event(deviceId: number, eventId: number, pintid: number, icid: number, next: number, at: Gpa): void
  /** Words of a table that are not in RAM (or not loaded); `deviceId` when it is an ITT. */
  unreadable?(what: 'CTE' | 'DTE' | 'ITE', base: Gpa, words: number, deviceId?: number): void
}

/** How much a sweep looked at. */
export interface Swept {
  readonly collections: number
  readonly devices: number
  readonly events: number
  /** Entries read, valid or not. */
  readonly entries: number
  /** What it cost, see `WALK_WORK`. */
  readonly work: number
  /** Not everything was looked at: it was as much work as it may be, which ends the sweep, or words that lie in RAM are not loaded. */
  readonly cut: 'work' | 'not-loaded' | undefined
}

/**
 * Visits every valid entry that lies in the tables of guest RAM: the whole collection table, every slot of the device table,
 * and the whole ITT of every valid DTE. An ITT with more than 16 EventID bits is looked at for its first 2^16 events.
 */
export function sweepTables(memory: ReadonlyMemory, view: TableView, reader: SweepReader, mostWork = DEFAULT_WORK): Swept {
  const { valid, indirect, base: first, bytes } = view.deviceTable
  const swept: Counts = { collections: 0, devices: 0, events: 0, entries: 0, work: 0, cut: undefined }
  if (valid && indirect && !memory.isLoaded(first as Gpa, bytes)) swept.cut = 'not-loaded'
  sweepCollections(memory, view, reader, swept)
  for (const { base, firstId, entries } of dteBlocks(memory, view.deviceTable)) {
    const dtes: number[] = []
    const { unreadable, needs, ...looked } = eachWord(
      memory,
      base,
      entries,
      nextValidDte,
      (slot, lo, hi) => dtes.push(slot, lo, hi) > 0,
    )
    if (unreadable > 0) reader.unreadable?.('DTE', base, unreadable)
    if (needs) swept.cut = 'not-loaded'
    if (!pay(swept, looked, mostWork)) return swept
    for (let i = 0; i < dtes.length; i += 3) {
      const slot = dtes[i]!
      sweepDevice(memory, reader, swept, mostWork, [firstId + slot, dtes[i + 1]!, dtes[i + 2]!, base + slot * ENTRY_BYTES])
      if (swept.cut === 'work') return swept
    }
  }
  return swept
}

/** The EventIDs of the valid ITEs of an ITT, those outside RAM and what is not loaded left out. */
export function validEvents(memory: ReadonlyMemory, ittAddr: Gpa, eventIdBits: number): number[] {
  const valid: number[] = []
  eachWord(memory, ittAddr, 2 ** Math.min(eventIdBits, MAX_EVENTID_BITS), nextValidIte, (eventId) => valid.push(eventId) > 0)
  return valid
}

type Counts = { -readonly [K in keyof Swept]: Swept[K] }

/** Counts entries that were read, and says whether more may be. */
function pay(swept: Counts, { read, work }: Pick<WordsRead, 'read' | 'work'>, mostWork: number): boolean {
  swept.entries += read
  swept.work += work
  if (swept.work > mostWork) swept.cut = 'work'
  return swept.cut !== 'work'
}

function sweepCollections(memory: ReadonlyMemory, { collectionTable }: TableView, reader: SweepReader, swept: Counts): void {
  if (!collectionTable.valid) return
  const { icid, rdBase } = CTE.fields
  let listed = 0
  const { unreadable, needs, read, work } = eachWord(
    memory,
    collectionTable.base,
    collectionTable.bytes / ENTRY_BYTES,
    nextValidDte,
    (slot, lo, hi, at) => {
      if (slot === listed) listed++
      swept.collections++
      reader.collection(icid.get(lo, hi), rdBase.get(lo, hi), at, slot >= listed)
      return true
    },
  )
  if (unreadable > 0) reader.unreadable?.('CTE', collectionTable.base as Gpa, unreadable)
  if (needs) swept.cut = 'not-loaded'
  swept.entries += read
  swept.work += work
}

type Slot = readonly [deviceId: number, lo: number, hi: number, at: number]

function sweepDevice(
  memory: ReadonlyMemory,
  reader: SweepReader,
  swept: Counts,
  mostWork: number,
  [deviceId, dteLo, dteHi, dteAt]: Slot,
): void {
  const bits = DTE.fields.size.get(dteLo, dteHi) + 1
  const ittAddr = DTE.fields.ittAddr.get(dteLo, dteHi) as Gpa
  const { pintid, icid, next } = ITE.fields
  swept.devices++
  swept.work += WALK_WORK.device
  reader.device(deviceId, ittAddr, bits, DTE.fields.next.get(dteLo, dteHi), dteAt as Gpa)
  const words = 2 ** Math.min(bits, MAX_EVENTID_BITS)
  const { unreadable, needs, ...looked } = eachWord(memory, ittAddr, words, nextValidIte, (eventId, lo, hi, at) => {
    reader.event(deviceId, eventId, pintid.get(lo, hi), icid.get(lo, hi), next.get(lo, hi), at)
    swept.events++
    swept.work += WALK_WORK.event
    return swept.work <= mostWork
  })
  if (unreadable > 0) reader.unreadable?.('ITE', ittAddr, unreadable, deviceId)
  if (needs) swept.cut = 'not-loaded'
  pay(swept, looked, mostWork)
}
