import { hex } from '../abi/index.ts'
import type { Beliefs, EventRow, RuleName, View, Viewpoint, Witnesses } from '../audit/index.ts'
import type { Errno } from '../memory/index.ts'
import { type StopDocument, stopDocument } from './check-document.ts'
import type { Address } from './hexadecimal.ts'

/** What `vits show --json` prints of collections and devices from one of three viewpoints. */
export interface ViewDocument extends RowsDocument {
  /** Version of this document: keys may be added under the same number, and none goes or changes its meaning. */
  readonly schema: 1
  /** What lies in the tables, what a restore brings back, or what the guest has mapped. */
  readonly view: Viewpoint
  /** The ITS that is shown: its place in the machine. */
  readonly its: number
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
}

/** A device and its events; null where this viewpoint does not know. */
export interface DeviceDocument {
  readonly deviceId: number
  readonly itt: Address | null
  readonly eventIdBits: number | null
  readonly events: readonly EventDocument[]
  /** What lets witnesses say that the guest has it; in the view of the guest. */
  readonly rules?: readonly RuleName[]
}

export interface EventDocument extends EventRow {
  readonly rules?: readonly RuleName[]
}

/** `beliefs`: of a view of the guest, what its witnesses say. */
export function viewDocument(view: Viewpoint, its: number, rows: View, beliefs?: Beliefs): ViewDocument {
  const document = { schema: 1, view, its, ...rowsDocument(rows) } as const
  if (beliefs === undefined) return document
  const devices = document.devices.map((device) => ({
    ...device,
    rules: rulesOf(beliefs.device(device.deviceId)),
    events: device.events.map((event) => ({ ...event, rules: rulesOf(beliefs.event(device.deviceId, event.eventId)) })),
  }))
  return { ...document, devices }
}

const rulesOf = ({ queue, pci }: Witnesses): RuleName[] =>
  [queue, pci].flatMap(({ rule, says }) => (says === 'live' ? [rule] : []))

export const rowsDocument = ({ collections, devices, stop }: View): RowsDocument => ({
  ...(stop === undefined ? {} : { errno: stop.errno, stop: stopDocument(stop) }),
  collections: collections.map(({ icid, rdBase }) => ({ icid, rdbase: rdBase })),
  devices: devices.map(({ itt, ...device }) => ({ ...device, itt: itt === null ? null : hex(itt) })),
})
