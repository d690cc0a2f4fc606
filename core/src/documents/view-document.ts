import { hex, hexWord } from '../abi/index.ts'
import type {
  Belief,
  Beliefs,
  DeviceNames,
  EntryView,
  EventRow,
  Head,
  PendingView,
  RuleName,
  TableEntries,
  View,
  Viewpoint,
  Witnesses,
} from '../audit/index.ts'
import type { Errno } from '../memory/index.ts'
import type { FunctionDocument } from './device-document.ts'
import type { Address, EntryWord } from './hexadecimal.ts'
import type { JudgedDocument } from './judged-document.ts'
import { type StopDocument, stopDocument } from './restore-document.ts'

/** What `vits show --json` prints of collections and devices from one of three viewpoints. */
export interface ViewDocument extends RowsDocument {
  /** Version of this document: keys may be added under the same number, and none goes or changes its meaning. */
  readonly schema: 1
  /** What lies in the tables, what a restore brings back, or what the guest has mapped. */
  readonly view: Viewpoint
  /** The ITS that is shown: its place in the machine. */
  readonly its: number
  /** The kernel whose restore it is, and why that one; with `--view restored`. */
  readonly judged?: JudgedDocument
  /** Dummy heads, in the view of the tables: empty where there are none. */
  readonly heads?: readonly HeadDocument[]
}

/** A dummy head: an entry at index 0 that is not valid and names the first that is. */
export interface HeadDocument {
  /** In a device table, or in an ITT. */
  readonly kind: Head['kind']
  readonly gpa: Address
  /** The device of the ITT; of a device table, the DeviceID that the place belongs to. */
  readonly deviceId: number
  /** The DeviceID or EventID that it names; null when it says that there is none. */
  readonly names: number | null
  /** The first that is valid there and not dead. */
  readonly first: number | null
  readonly isStale: boolean
}

/** Collections and devices with their events. */
export interface RowsDocument {
  /** The restore fails, so that there is nothing to list. */
  readonly errno?: Errno
  readonly stop?: StopDocument
  readonly collections: readonly CollectionDocument[]
  readonly devices: readonly DeviceDocument[]
}

export interface CollectionDocument {
  readonly icid: number
  readonly rdbase: number
  /** Its entry, with `--raw`; null where the tables have none. */
  readonly entry?: RawEntryDocument | null
}

/** An entry of a table as it lies in guest RAM. */
export interface RawEntryDocument {
  readonly gpa: Address
  readonly word: EntryWord
}

/** A device and its events; null where this viewpoint does not know. */
export interface DeviceDocument {
  readonly deviceId: number
  /** What the file knows of it, in the views of `vits show`: several functions behind a bridge to conventional PCI, none where it does not tell. */
  readonly functions?: readonly FunctionDocument[]
  readonly itt: Address | null
  readonly eventIdBits: number | null
  readonly events: readonly EventDocument[]
  /** What the witnesses say of it, in the views of `vits show`: an entry of one that is dead is an orphan. */
  readonly belief?: Belief
  /** Its DTE, with `--raw`; null where the tables have none. */
  readonly entry?: RawEntryDocument | null
  /** What lets witnesses say that the guest has it; in the view of the guest. */
  readonly rules?: readonly RuleName[]
}

export interface EventDocument extends EventRow {
  /** What it tells its driver of, in the views of `vits show`: `configuration`, `request queue 0`; none where the file does not tell. */
  readonly roles?: readonly string[]
  /** What the witnesses say of it, in the views of `vits show`. */
  readonly belief?: Belief
  /** Its LPI is enabled, in the LPI configuration table; null where that is not known. */
  readonly isEnabled?: boolean | null
  /** Its LPI is pending on the vCPU that it goes to; null where that is not known. */
  readonly isPending?: boolean | null
  /** Its ITE, with `--raw`; null where the tables have none. */
  readonly entry?: RawEntryDocument | null
  readonly rules?: readonly RuleName[]
}

/** What is said of the rows of a view besides what they are. */
export interface ViewWitnesses {
  readonly names: DeviceNames
  readonly beliefs: Beliefs
  readonly pending: PendingView
  /** The words in guest RAM, where they are asked for. */
  readonly entries?: TableEntries | undefined
}

export function viewDocument(view: Viewpoint, its: number, rows: View, witnesses: ViewWitnesses): ViewDocument {
  const { names, beliefs, pending, entries } = witnesses
  const document = rowsDocument(rows, its)
  const states = lpiStates(pending)
  const raw = (entry: EntryView | undefined) => (entries === undefined ? {} : { entry: rawEntry(entry) })
  const devices = document.devices.map((device) => {
    const { deviceId } = device
    const events = device.events.map((event) => ({
      ...event,
      roles: names.roles(deviceId, event.eventId),
      belief: beliefs.eventBelief(deviceId, event.eventId),
      ...states(deviceId, event.eventId),
      ...raw(entries?.event(deviceId, event.eventId)),
    }))
    const { belief } = beliefs.device(deviceId)
    const known = { ...device, functions: names.of(deviceId).functions, belief, ...raw(entries?.device(deviceId)), events }
    return view === 'guest' ? witnessed(known, beliefs) : known
  })
  const collections = document.collections.map((one) => ({ ...one, ...raw(entries?.collection(one.icid)) }))
  const heads = view === 'tables' ? { heads: (rows.heads ?? []).map(headDocument) } : {}
  return { schema: 1, view, its, ...document, collections, devices, ...heads }
}

const rawEntry = (entry: EntryView | undefined): RawEntryDocument | null =>
  entry === undefined ? null : { gpa: hex(entry.at), word: hexWord(entry.lo, entry.hi) }

/** Whether the LPI of an event is enabled, and pending; null where the tables of LPIs do not tell. */
export interface LpiState {
  readonly isEnabled: boolean | null
  readonly isPending: boolean | null
}

/** That of every event of an ITS. */
export function lpiStates({ devices }: PendingView): (deviceId: number, eventId: number) => LpiState {
  const states = new Map(
    devices.map(({ deviceId, events }) => [
      deviceId,
      new Map(
        events.map(({ eventId, configuration, pending }) => [
          eventId,
          { isEnabled: configuration?.isEnabled ?? null, isPending: pending?.isSet ?? null },
        ]),
      ),
    ]),
  )
  return (deviceId, eventId) => states.get(deviceId)?.get(eventId) ?? { isEnabled: null, isPending: null }
}

const headDocument = ({ kind, at, deviceId, names, first, isStale }: Head): HeadDocument => ({
  kind,
  gpa: hex(at),
  deviceId,
  names: names ?? null,
  first: first ?? null,
  isStale,
})

const witnessed = (device: DeviceDocument, beliefs: Beliefs): DeviceDocument => ({
  ...device,
  rules: rulesOf(beliefs.device(device.deviceId)),
  events: device.events.map((event) => ({ ...event, rules: rulesOf(beliefs.event(device.deviceId, event.eventId)) })),
})

const rulesOf = ({ queue, pci }: Witnesses): RuleName[] =>
  [queue, pci].flatMap(({ rule, says }) => (says === 'live' ? [rule] : []))

export const rowsDocument = ({ collections, devices, stop }: View, its: number): RowsDocument => ({
  ...(stop === undefined ? {} : { errno: stop.errno, stop: stopDocument(stop, its) }),
  collections: collections.map(({ icid, rdBase }) => ({ icid, rdbase: rdBase })),
  devices: devices.map(({ itt, ...device }) => ({ ...device, itt: itt === null ? null : hex(itt) })),
})
