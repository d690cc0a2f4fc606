import type { ProfileId } from '../abi/index.ts'
import {
  type Count,
  type Gap,
  type HeadCount,
  type HistoryState,
  headReaders,
  type ProblemCode,
  type QueueCounts,
  type Report,
  type RestoreCounts,
  type RestoreStop,
  type Verdict,
  worst,
} from '../audit/index.ts'
import type { Limit } from '../budget/index.ts'
import type { Errno } from '../memory/index.ts'
import { type Address, address } from './hexadecimal.ts'

/** What the next restore does. */
export interface RestoreDocument extends RestoreCounts {
  /**
   * It succeeds and brings back what the guest has mapped; it succeeds and the guest loses, gains or misdirects interrupts; it fails; no
   * harm was found, and not everything was looked at, or what the restore does hangs on what is unknown of the kernel.
   */
  readonly verdict: Verdict
  /** What was not looked at: there may be harm in it, whatever the verdict is. */
  readonly gaps: readonly GapDocument[]
  /** What the restore fails with. */
  readonly errno: Errno | null
  /** Where it fails. */
  readonly stop: StopDocument | null
  /** The commands that are still in guest RAM. */
  readonly history: HistoryDocument
  /** Dummy heads in the tables. */
  readonly heads: HeadsDocument
}

/** How many dummy heads lie in the tables, and who follows them. */
export interface HeadsDocument extends HeadCount {
  /** The profiles that do. */
  readonly readBy: readonly ProfileId[]
}

/** Something that was not looked at. */
export interface GapDocument {
  /** The problem that tells of it. */
  readonly code: ProblemCode
  readonly says: string
  /** The limit of the budget that was reached; null where the file does not have it. */
  readonly limit: Limit | null
}

/** The entry at which a restore fails. */
export interface StopDocument extends Pick<RestoreStop, 'errno' | 'says' | 'place' | 'after'> {
  /** The ITS whose tables it is in: its place in the machine. */
  readonly its: number
  readonly at: Address | null
  readonly deviceId?: number
  readonly eventId?: number
}

/** How much of what the guest ever told its ITS is still in the command queue. */
export interface HistoryDocument {
  /** Executed commands. */
  readonly commands: number
  readonly wrapped: boolean
  readonly state: HistoryState
  /** Commands that were written and not executed. */
  readonly pending: number
  /** What the commands tell of the events in the tables. */
  readonly told: ToldDocument
}

/** Events of the tables by what the command queue alone says of them. */
export interface ToldDocument extends Omit<QueueCounts, 'unknown'> {
  readonly untold: number
}

/** What the restore of one ITS comes to. */
export function restoreDocument(report: Report): RestoreDocument {
  const { verdict, gaps, errno, stop, history, orphans } = report
  const { unknown: untold, ...told } = report.byQueue
  const { collections, live, tables, restored, lost, revived, misdirected, unknown, unread, lostInterrupts } = report
  return {
    verdict,
    gaps: gaps.map(gapDocument),
    errno: errno ?? null,
    stop: stop === undefined ? null : stopDocument(stop, report.its.index),
    collections,
    live,
    tables,
    restored,
    lost,
    revived,
    misdirected,
    lostInterrupts,
    unknown,
    unread,
    orphans,
    heads: { ...report.heads, readBy: headReaders },
    history: {
      commands: history.commands,
      wrapped: history.state === 'wrapped',
      state: history.state,
      pending: history.pending,
      told: { ...told, untold },
    },
  }
}

export const gapDocument = ({ code, says, limit }: Gap): GapDocument => ({ code, says, limit: limit ?? null })

export function stopDocument({ errno, says, place, at, deviceId, eventId, after }: RestoreStop, its: number): StopDocument {
  const ids = { ...(deviceId === undefined ? {} : { deviceId }), ...(eventId === undefined ? {} : { eventId }) }
  return { its, errno, says, place, at: address(at), ...ids, after }
}

/** The state that says least of what the guest has mapped. */
const leastKnown: readonly HistoryState[] = ['unreadable', 'damaged', 'restarted', 'wrapped', 'empty', 'whole']

/** What the restores of all ITSes come to. A VM of which one ITS fails restores nothing. */
export function together(itses: readonly RestoreDocument[]): RestoreDocument {
  const sum = (of: (one: RestoreDocument) => number) => itses.reduce((total, one) => total + of(one), 0)
  const count = (of: (one: RestoreDocument) => Count): Count => ({
    devices: sum((one) => of(one).devices),
    events: sum((one) => of(one).events),
  })
  const told = (key: keyof ToldDocument) => sum(({ history }) => history.told[key])
  const verdict = worst(itses.map((one) => one.verdict))
  const failed = itses.find((one) => one.errno !== null)
  return {
    verdict,
    gaps: itses.flatMap(({ gaps }) => gaps),
    errno: failed?.errno ?? null,
    stop: failed?.stop ?? null,
    collections: sum(({ collections }) => collections),
    live: count(({ live }) => live),
    tables: count(({ tables }) => tables),
    restored: verdict === 'fails' ? { devices: 0, events: 0 } : count(({ restored }) => restored),
    lost: sum(({ lost }) => lost),
    revived: sum(({ revived }) => revived),
    misdirected: sum(({ misdirected }) => misdirected),
    lostInterrupts: sum(({ lostInterrupts }) => lostInterrupts),
    unknown: sum(({ unknown }) => unknown),
    unread: sum(({ unread }) => unread),
    orphans: {
      devices: itses.flatMap(({ orphans }) => orphans.devices),
      events: itses.flatMap(({ orphans }) => orphans.events),
    },
    heads: {
      deviceTable: sum(({ heads }) => heads.deviceTable),
      itts: sum(({ heads }) => heads.itts),
      stale: sum(({ heads }) => heads.stale),
      readBy: headReaders,
    },
    history: {
      commands: sum(({ history }) => history.commands),
      wrapped: itses.some(({ history }) => history.wrapped),
      state: leastKnown.find((state) => itses.some(({ history }) => history.state === state))!,
      pending: sum(({ history }) => history.pending),
      told: { live: told('live'), deviceLive: told('deviceLive'), dead: told('dead'), untold: told('untold') },
    },
  }
}
