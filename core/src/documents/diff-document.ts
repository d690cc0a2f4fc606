import type { Change, EventId, Viewpoint } from '../audit/index.ts'
import type { NamedDeviceDocument } from './device-document.ts'

/** What `vits diff --json` prints: how two saves of one VM differ. */
export interface DiffDocument {
  /** Version of this document: keys may be added under the same number, and none goes or changes its meaning. */
  readonly schema: 1
  /** The earlier save and the later one, as they were named. */
  readonly a: string
  readonly b: string
  /** The ITS that is compared: its place in both machines. */
  readonly its: number
  /** The differences from each viewpoint that was asked for. */
  readonly views: Readonly<Partial<Record<Viewpoint, readonly Change[]>>>
  /** Live in the first, unmapped by the guest in between, and still valid in the tables of the second. */
  readonly orphaned: { readonly devices: readonly number[]; readonly events: readonly EventId[] }
  readonly registers: readonly RegisterChange[]
  /** What people call the devices: every DeviceID of which the later save knows something, and those that only the earlier one knew. */
  readonly devices: readonly NamedDeviceDocument[]
}

/** A register of the ITS that differs, in hexadecimal. */
export interface RegisterChange {
  /** `GITS_CWRITER`. */
  readonly name: string
  readonly from: string
  readonly to: string
}
