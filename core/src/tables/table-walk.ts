import { DTE, ENTRY_BYTES, FIRST_LPI, ID_LIMIT, ITE, L1E, L2_ENTRIES, MAX_EVENTID_BITS, type Quirks } from '../abi/index.ts'
import type { Gpa, ReadCursor, ReadonlyMemory, Where } from '../memory/index.ts'
import { CollectionScan } from './collection-scan.ts'
import type { HeadReader } from './heads.ts'
import { IdSet } from './id-set.ts'
import { LpiReach } from './lpi-reach.ts'
import { type ObjectionName, objections } from './objections.ts'
import { type ScannedWalk, scanDtesProposed, scanIttProposed, scanL1Proposed } from './proposed-scan.ts'
import {
  type Answer,
  DEFAULT_WORK,
  GO_ON,
  type Objection,
  STOP,
  type TableReader,
  WALK_WORK,
  type Walked,
  type WalkOptions,
  workOfZeros,
  zerosFor,
} from './reader.ts'
import { isValidIte, ittScanLength, nextNonzero, nextValidDte, nextValidIte } from './scan.ts'
import type { TableView } from './table-view.ts'

/** The walk came to an end that is none of the table's: an objection, a limit or the reader. */
const ENDED = -1
/** The scan met the entry with next = 0. */
const LAST = 0
/** The scan left its block without meeting a last entry. */
const PAST = 1

const { pintid: pintidOf, icid: icidOf, next: iteNext } = ITE.fields
const { size: sizeOf, ittAddr: ittAddrOf, next: dteNext } = DTE.fields
const { l2Addr: l2AddrOf } = L1E.fields
// Constants of its own: an imported one is loaded for each event.
const { event: EVENT_WORK, device: DEVICE_WORK } = WALK_WORK
const LEAST_LPI = FIRST_LPI
const GOES_ON = GO_ON
const iteOf = (ittAddr: Gpa, eventId: number) => (ittAddr + eventId * ENTRY_BYTES) as Gpa

/** One walk under way: what each entry is asked, and how KVM's scans go from one to the next. */
export class TableWalk implements ScannedWalk {
  objection: Objection | undefined
  cut: Walked['cut']
  entries = 0
  /** What it cost so far. */
  work = 0
  devices = 0
  events = 0
  readonly cursor: ReadCursor
  readonly collections: CollectionScan
  readonly #view: TableView
  readonly #quirks: Quirks
  readonly #reader: TableReader
  readonly #mostWork: number
  /** The collections known so far. */
  readonly #icids: IdSet
  readonly #lpis: LpiReach | undefined
  /** The LPIs of the events met so far. */
  readonly #mapped = new IdSet()
  readonly #isMapped: WalkOptions['isMapped']
  readonly #from: number
  /** The proposal's scans are walked. */
  readonly #proposed: boolean
  readonly #heads: HeadReader | undefined

  constructor(memory: ReadonlyMemory, view: TableView, quirks: Quirks, reader: TableReader, options: WalkOptions) {
    this.cursor = memory.cursor()
    this.#view = view
    this.#quirks = quirks
    this.#reader = reader
    this.#mostWork = options.mostWork ?? DEFAULT_WORK
    this.#isMapped = options.isMapped
    this.#from = options.from ?? 0
    const heads = options.heads ?? (quirks['proposed-head'] ? 'proposed' : 'none')
    this.#proposed = heads === 'proposed'
    this.#heads = typeof heads === 'string' ? undefined : heads.reader(memory, view)
    this.#lpis = view.lpiTables && new LpiReach(memory, view, view.lpiTables, quirks)
    this.collections = new CollectionScan({ memory, view, quirks, reader, lpis: this.#lpis, icids: options.icids ?? [] })
    this.#icids = this.collections.icids
  }

  run(): void {
    if (this.#view.collectionTable.valid && this.collections.scan(this) === ENDED && !this.#goesOnAfterCollections()) return
    const failed = this.objection
    if (this.#view.deviceTable.valid) this.#scanDeviceTable()
    this.objection = failed ?? this.objection
  }

  #goesOnAfterCollections(): boolean {
    return this.objection !== undefined && this.#quirks['both-tables-attempted']
  }

  #scanDeviceTable(): void {
    const { indirect, base, bytes } = this.#view.deviceTable
    if (this.#proposed) {
      if (indirect) scanL1Proposed(this, base, bytes)
      else scanDtesProposed(this, base, bytes, 0)
      return
    }
    const end = indirect ? this.#scanL1(base, bytes / ENTRY_BYTES) : this.#scanDtes(base, bytes / ENTRY_BYTES, 0)
    if (end === PAST && this.#quirks['restore-needs-last-entry']) this.object('no-last-dte', base)
  }

  #scanL1(base: number, entries: number): number {
    const { cursor } = this
    for (let entry = Math.floor(this.#from / L2_ENTRIES); entry < entries; ) {
      const firstId = entry * L2_ENTRIES
      const at = (base + entry * ENTRY_BYTES) as Gpa
      if (!cursor.seek(at)) return this.object('l1e-unreadable', at, { deviceId: firstId })
      const lo = cursor.words[cursor.index]!
      const hi = cursor.words[cursor.index + 1]!
      if (hi >= 0) {
        const invalid = this.#passInvalidDtes(entries - entry)
        if (invalid === ENDED) return ENDED
        entry += invalid
        continue
      }
      if (!this.count(1)) return ENDED
      entry++
      const end = this.#scanDtes(l2AddrOf.get(lo, hi), L2_ENTRIES, firstId)
      if (end !== PAST) return end
    }
    return PAST
  }

  /** Scans a block of DTEs: the whole flat table, or one second-level page. */
  #scanDtes(base: number, slots: number, firstId: number): number {
    const { cursor } = this
    let slot = this.#heads?.dte(base, slots) ?? Math.max(0, this.#from - firstId)
    let end = slots
    while (slot < end) {
      const at = (base + slot * ENTRY_BYTES) as Gpa
      if (!cursor.seek(at)) return this.object('dte-unreadable', at, { deviceId: firstId + slot })
      const lo = cursor.words[cursor.index]!
      const hi = cursor.words[cursor.index + 1]!
      if (hi >= 0) {
        const invalid = this.#passInvalidDtes(end - slot)
        if (invalid === ENDED) return ENDED
        slot += invalid
        continue
      }
      if (!this.count(1)) return ENDED
      const step = this.visitDevice(firstId + slot, lo, hi, at)
      if (step <= 0) return step
      slot += step
      if (slot > end && this.#quirks['scan-overrun']) end = Number.POSITIVE_INFINITY
    }
    return PAST
  }

  /** Visits a valid DTE and its ITT. Returns the distance to the next entry, LAST or ENDED. */
  visitDevice(deviceId: number, lo: number, hi: number, at: Gpa): number {
    const eventIdBits = sizeOf.get(lo, hi) + 1
    if (eventIdBits > MAX_EVENTID_BITS && !this.#quirks['dte-size-unchecked']) return this.object('dte-size', at, { deviceId })
    // Of KVM's check of the DeviceID only its limit can fail here: the entry was just read from its place.
    if (deviceId >= ID_LIMIT && !this.#quirks['device-out-of-range-restored'])
      return this.object('dte-unstorable', at, { deviceId })
    if (!this.#pay(DEVICE_WORK)) return ENDED
    const ittAddr = ittAddrOf.get(lo, hi) as Gpa
    this.devices++
    const answer = this.#reader.device(deviceId, ittAddr, eventIdBits, at)
    if (answer !== GO_ON && this.answered(answer, { at, deviceId }) === ENDED) return ENDED
    const end = this.#proposed
      ? scanIttProposed(this, deviceId, ittAddr, eventIdBits)
      : this.#scanItt(deviceId, ittAddr, eventIdBits)
    if (end === LAST) return dteNext.get(lo, hi)
    if (end > 0 && !this.#quirks['restore-needs-last-entry']) return dteNext.get(lo, hi)
    if (this.cut === undefined) {
      this.devices--
      this.#reader.drop(deviceId)
    }
    return end
  }

  #scanItt(deviceId: number, ittAddr: Gpa, eventIdBits: number): number {
    const isOrdinary = eventIdBits <= MAX_EVENTID_BITS
    const limit = isOrdinary ? 1 << eventIdBits : 2 ** eventIdBits
    let end = isOrdinary ? limit : this.#longScan(eventIdBits)
    const { cursor } = this
    let eventId = 0
    // EventIDs below `beyond` have their entries in `words`, where that of EventID 0 would be at `first`.
    let { words } = cursor
    let first = 0
    let beyond = 0
    let stays = false
    while (eventId < end) {
      if (eventId >= beyond) {
        const at = iteOf(ittAddr, eventId)
        if (!cursor.seek(at)) return this.object('ite-unreadable', at, { deviceId, eventId })
        words = cursor.words
        first = cursor.index - 2 * eventId
        beyond = Math.min(eventId + cursor.run, end)
        stays = cursor.stays
        const unread = eventId === 0 && this.#heads === undefined ? this.#knownZeros(end) : 0
        if (unread > 0) {
          if (this.#passed(unread, workOfZeros(unread)) === ENDED) return ENDED
          eventId = unread
          continue
        }
      }
      const lo = words[first + 2 * eventId]!
      const hi = words[first + 2 * eventId + 1]!
      const pintid = pintidOf.get(lo, hi)
      if (pintid === 0) {
        const head = eventId === 0 && this.#heads !== undefined ? this.#head(this.#heads.ite(lo, hi), ittAddr, end) : 0
        if (head > 0) {
          eventId = head
          if (!stays) beyond = 0
          continue
        }
        const invalid = this.#passInvalidItes(iteOf(ittAddr, eventId), end - eventId)
        if (invalid === ENDED) return ENDED
        eventId += invalid
        continue
      }
      if (!this.count(1)) return ENDED
      const next = iteNext.get(lo, hi)
      if (pintid < LEAST_LPI) return this.#objectToEvent('ite-pintid', { deviceId, eventId }, ittAddr)
      if (eventId + next >= limit) return this.#objectToEvent('ite-next', { deviceId, eventId }, ittAddr)
      if (this.visitEvent(deviceId, eventId, pintid, icidOf.get(lo, hi), ittAddr) === ENDED) return ENDED
      if (next === 0) return LAST
      eventId += next
      if (!stays) beyond = 0
      if (eventId > end && this.#quirks['scan-overrun']) end = Number.POSITIVE_INFINITY
    }
    return PAST
  }

  /** The index that the head of an ITT names, when a valid entry is there, or 0. */
  #head(eventId: number, ittAddr: Gpa, end: number): number {
    const { cursor } = this
    if (eventId === 0 || eventId >= end || !cursor.seek(iteOf(ittAddr, eventId))) return 0
    return isValidIte(cursor.words[cursor.index]!, cursor.words[cursor.index + 1]!) ? eventId : 0
  }

  visitEvent(deviceId: number, eventId: number, pintid: number, icid: number, ittAddr: Gpa): number {
    if (!this.#icids.has(icid)) return this.#objectToEvent('ite-icid', { deviceId, eventId, icid }, ittAddr)
    if (!this.#pay(EVENT_WORK)) return ENDED
    if (this.#hasEvent(pintid) && !this.#quirks['lpi-mapped-by-many']) {
      this.#reader.taken?.(deviceId, eventId, pintid)
      return PAST
    }
    const unreachable = this.#lpis?.objection(pintid, icid)
    if (unreachable !== undefined) return this.#objectToEvent(unreachable, { deviceId, eventId }, ittAddr)
    this.events++
    const answer = this.#reader.event(deviceId, eventId, pintid, icid, ittAddr)
    return answer === GOES_ON ? PAST : this.answered(answer, { at: iteOf(ittAddr, eventId), deviceId, eventId })
  }

  /** True for an LPI that an event has, of this walk or from before; from now on this one has it. */
  #hasEvent(pintid: number): boolean {
    return !this.#mapped.add(pintid) || (this.#isMapped?.(pintid) ?? false)
  }

  #objectToEvent(name: ObjectionName, where: Where & { readonly eventId: number }, ittAddr: Gpa): number {
    return this.object(name, iteOf(ittAddr, where.eventId), where)
  }

  /** Of more than 16 bits. A size of 0 ends before the first entry where the scan asks for its end there. */
  #longScan(eventIdBits: number): number {
    return eventIdBits > 28 && this.#quirks['scan-overrun'] ? 0 : ittScanLength(eventIdBits)
  }

  /** Passes entries from the cursor on that have no device, or no second level. How many, at most `left`; ENDED at the limit. */
  #passInvalidDtes(left: number): number {
    const zeros = this.#knownZeros(left)
    if (zeros > 0) return this.#passed(zeros, workOfZeros(zeros))
    const invalid = nextValidDte(this.cursor, Math.min(this.cursor.run, left))
    return this.#passed(invalid, invalid)
  }

  /** Passes entries from the one at `at` on that have no event. How many, at most `left`; ENDED at the limit. */
  #passInvalidItes(at: Gpa, left: number): number {
    this.cursor.seek(at)
    const zeros = this.#knownZeros(left)
    if (zeros > 0) return this.#passed(zeros, workOfZeros(zeros))
    const invalid = nextValidIte(this.cursor, Math.min(this.cursor.run, left))
    return this.#passed(invalid, invalid)
  }

  passZeros(left: number): number {
    const zeros = this.#knownZeros(left)
    if (zeros > 0) return this.#passed(zeros, workOfZeros(zeros))
    const read = nextNonzero(this.cursor, Math.min(this.cursor.run, left))
    return this.#passed(read, read)
  }

  /** How many entries from the cursor on need not be read; at most what the walk may still pass over. */
  #knownZeros(left: number): number {
    return this.cursor.knownZeros(Math.min(left, zerosFor(this.#mostWork - this.work)))
  }

  #passed(entries: number, work: number): number {
    this.entries += entries
    return this.#pay(work) ? entries : ENDED
  }

  count(entries: number): boolean {
    this.entries += entries
    this.work += entries
    if (this.work <= this.#mostWork) return true
    this.#cut('work')
    return false
  }

  #pay(work: number): boolean {
    this.work += work
    if (this.work <= this.#mostWork) return true
    this.#cut('work')
    return false
  }

  #cut(why: Walked['cut']): number {
    this.cut = why
    return ENDED
  }

  object(name: ObjectionName, at: number, where: Where = {}): number {
    this.objection = { name, where: { what: objections[name].what, at: at as Gpa, ...where } }
    return ENDED
  }

  answered(answer: Answer, where: Where): number {
    if (answer === GO_ON) return PAST
    if (answer === STOP) return this.#cut('reader')
    return this.object(answer, where.at!, where)
  }
}
