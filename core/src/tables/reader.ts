import { ENTRY_BYTES } from '../abi/index.ts'
import { type Gpa, PAGE_BYTES, type Where } from '../memory/index.ts'
import type { Heads } from './heads.ts'
import type { ObjectionName } from './objections.ts'

/** What a reader answers to go on with the walk, and to end it early. Any other answer is an objection's name. */
export const GO_ON = 0
export const STOP = 1

/** A reader's answer: go on, stop, or the reason for which a kernel would fail here. */
export type Answer = typeof GO_ON | typeof STOP | ObjectionName

/**
 * Who looks at the entries of a walk, in KVM's order: collections, then each device followed by its events. `at` is the
 * entry's address; that of an event lies in the ITT at `ittAddr`. Called for accepted entries only; numbers only, so a walk over thousands of devices makes no garbage.
 */
export interface TableReader {
  collection(icid: number, rdBase: number, at: Gpa): Answer
  device(deviceId: number, ittAddr: Gpa, eventIdBits: number, at: Gpa): Answer
  event(deviceId: number, eventId: number, pintid: number, icid: number, ittAddr: Gpa): Answer
  /** The device announced last is forgotten again: its ITT failed, or (on 4.13) had no last entry. */
  drop(deviceId: number): void
  /** An entry that the restore passes over, because an earlier event has its LPI. */
  taken?(deviceId: number, eventId: number, pintid: number): void
}

/** Why a restore fails, and the entry to blame. */
export interface Objection {
  readonly name: ObjectionName
  readonly where: Where
}

/**
 * The work of a walk or a sweep, in steps: an entry that is read, valid or not; a page's worth of entries that are known to be zero and
 * passed over; what a valid DTE and a valid ITE, brought back or not, cost beside that, also those who then look at them.
 */
export const WALK_WORK = { entry: 1, zeroPage: 1, event: 128, device: 512 } as const

/** How many entries that are known to be zero are one step. */
const ZERO_PAGE_ENTRIES = PAGE_BYTES / ENTRY_BYTES

/** What it costs to pass over entries that are known to be zero. */
export const workOfZeros = (entries: number): number => Math.ceil(entries / ZERO_PAGE_ENTRIES) * WALK_WORK.zeroPage

/** How many entries that are known to be zero may be passed over for so much work. */
export const zerosFor = (work: number): number => (work / WALK_WORK.zeroPage) * ZERO_PAGE_ENTRIES

/**
 * What a walk may cost where nobody says, as for a device that is embedded: more than the largest benchmark. A kernel is busy for minutes
 * with all vCPUs locked there. What looks at saved tables says so: a `Budget`.
 */
export const DEFAULT_WORK = 2 ** 31

/** What a walk met. */
export interface Walked {
  /** The first objection: KVM fails here. */
  readonly objection: Objection | undefined
  /** Entries that a kernel reads to come this far, known to be zero or not. */
  readonly entries: number
  /** What it cost, see `WALK_WORK`. */
  readonly work: number
  readonly collections: number
  readonly devices: number
  readonly events: number
  /**
   * The walk did not come to KVM's end: it was as much work as it may be (a kernel would go on), a page was not loaded, or the reader
   * stopped it.
   */
  readonly cut: 'work' | 'not-loaded' | 'reader' | undefined
  /** The page that was not loaded, when that cut the walk. */
  readonly needs: Gpa | undefined
  /** The collection table was full to its last entry and the kernel took that for a failure: RESTORE_TABLES answers 1. */
  readonly endedByFullTable: boolean
}

/** What a walk may be told besides the tables. */
export interface WalkOptions {
  /** What it may cost: `DEFAULT_WORK` where nobody says. */
  readonly mostWork?: number
  /** Whose heads are followed: by default the proposal's under its profile, else nobody's. */
  readonly heads?: Heads
  /** ICIDs known before the restore (a live ITS). */
  readonly icids?: readonly number[]
  /**
   * The DeviceID with which the scan of the device table begins, the first where nobody says: for a reader who knows what a walk comes
   * to before it. The proposal's scans begin with the first.
   */
  readonly from?: number
  /** LPIs that events have before the restore: of a live ITS, or of one that was restored before. */
  readonly isMapped?: (pintid: number) => boolean
}
