import { hex } from '../abi/index.ts'
import type { Belief, DeviceNames, PendingEvent, PendingView, VcpuPending } from '../audit/index.ts'
import type { Unread } from '../tables/index.ts'
import type { FunctionDocument } from './device-document.ts'
import { type Address, address } from './hexadecimal.ts'
import type { RegistersDocument } from './registers-document.ts'
import type { ViewDocument } from './view-document.ts'

/** What `vits show --json` prints. */
export type ShowDocument = ViewDocument | PendingDocument | RegistersDocument

/** What `vits show --view pending --json` prints. */
export interface PendingDocument {
  /** Version of this document: keys may be added under the same number, and none goes or changes its meaning. */
  readonly schema: 1
  readonly view: 'pending'
  /** The ITS whose events are shown: its place in the machine. */
  readonly its: number
  /** Every event of the VM is known: otherwise `strays` are empty, and nothing is known of them. */
  readonly whole: boolean
  readonly vcpus: readonly VcpuPendingDocument[]
  readonly devices: readonly PendingDeviceDocument[]
}

/** The pending table of one vCPU. */
export interface VcpuPendingDocument {
  readonly vcpuId: number
  /** GICR_CTLR.EnableLPIs. */
  readonly lpisEnabled: boolean
  readonly table: Address
  /** Why nothing is known of what is pending there; null when it was read. */
  readonly unread: Unread | null
  /** The LPIs whose bits are set, in order. */
  readonly pending: readonly number[]
  /** Those of them that no restore reads. */
  readonly strays: readonly StrayDocument[]
}

export interface StrayDocument {
  readonly lpi: number
  /** The vCPU to which an event sends this LPI, and on which it is not pending; null where there is none. */
  readonly target: number | null
}

export interface PendingDeviceDocument {
  readonly deviceId: number
  /** What the file knows of it: several functions behind a bridge to conventional PCI, none where it does not tell. */
  readonly functions: readonly FunctionDocument[]
  readonly events: readonly PendingEventDocument[]
}

/** What the LPI tables hold of an event's LPI; null where it is not known. */
export interface PendingEventDocument {
  readonly eventId: number
  /** What it tells its driver of: `configuration`, `request queue 0`; none where the file does not tell. */
  readonly roles: readonly string[]
  readonly lpi: number | null
  readonly icid: number | null
  /** The vCPU that the collection names. */
  readonly vcpuId: number | null
  /** What the witnesses say of the event. */
  readonly belief: Belief
  /** A restore brings the event back, and reads its pending bit. */
  readonly restored: boolean
  readonly pending: boolean | null
  /** The byte that holds the pending bit, and the bit's number in it. */
  readonly pendingAt: Address | null
  readonly pendingBit: number | null
  readonly enabled: boolean | null
  readonly priority: number | null
  readonly configurationAt: Address | null
  /** Other vCPUs on which the LPI is pending: no restore reads that. */
  readonly elsewhere: readonly number[]
}

export const pendingDocument = (its: number, { isWhole, vcpus, devices }: PendingView, names: DeviceNames): PendingDocument => ({
  schema: 1,
  view: 'pending',
  its,
  whole: isWhole,
  vcpus: vcpus.map(vcpuDocument),
  devices: devices.map(({ deviceId, events }) => ({
    deviceId,
    functions: names.of(deviceId).functions,
    events: events.map((event) => eventDocument(event, names.roles(deviceId, event.eventId))),
  })),
})

const vcpuDocument = ({ vcpuId, isEnabled, table, unread, lpis, strays }: VcpuPending): VcpuPendingDocument => ({
  vcpuId,
  lpisEnabled: isEnabled,
  table: hex(table),
  unread: unread ?? null,
  pending: lpis,
  strays: strays.map(({ lpi, target }) => ({ lpi, target: target ?? null })),
})

const eventDocument = (
  { pending, configuration, isRestored, ...event }: PendingEvent,
  roles: readonly string[],
): PendingEventDocument => ({
  ...event,
  roles,
  restored: isRestored,
  pending: pending?.isSet ?? null,
  pendingAt: address(pending?.at),
  pendingBit: pending?.bit ?? null,
  enabled: configuration?.isEnabled ?? null,
  priority: configuration?.priority ?? null,
  configurationAt: address(configuration?.at),
})
