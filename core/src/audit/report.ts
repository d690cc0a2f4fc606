import type { ItsPlace, ProfileId, QuirkName } from '../abi/index.ts'
import type { KernelOutcome } from '../guest-kernel/index.ts'
import type { Errno, Gpa } from '../memory/index.ts'
import type { DebugfsOutcome } from './debugfs-witness.ts'
import type { DeviceHarm } from './device-harm.ts'
import type { DeviceNames } from './device-names.ts'
import type { EventId, Finding } from './finding.ts'
import type { Gap } from './gaps.ts'
import type { HeadCount } from './head.ts'
import type { HistoryState } from './history.ts'
import type { Look } from './looks.ts'
import type { Verdict } from './verdict.ts'

export interface Count {
  readonly devices: number
  readonly events: number
}

/** Events of the tables by what the command queue alone says of them. */
export interface QueueCounts {
  readonly live: number
  /** Their device is mapped; of the event itself no command is left. */
  readonly deviceLive: number
  readonly dead: number
  readonly unknown: number
}

/** Where a restore fails. */
export interface RestoreStop {
  readonly errno: Errno
  /** What KVM objects to. */
  readonly says: string
  /** `DeviceID 0x5200 event 0`. */
  readonly place: string
  readonly at: Gpa | undefined
  readonly deviceId: number | undefined
  readonly eventId: number | undefined
  /** Read before it failed; KVM drops them. */
  readonly after: Count
}

/**
 * What a restore comes to, in numbers. Where what the guest has mapped is not known whole, `live` is what the guest has mapped at least. `unread` counts
 * the devices and tables in RAM whose address the file does not tell, and one each for what of the tables and of the virtqueues is beyond the budget.
 */
export interface RestoreCounts {
  /** Collections in the tables. */
  readonly collections: number
  /** What the guest has mapped, as far as witnesses know. */
  readonly live: Count
  /** Valid entries in guest RAM. */
  readonly tables: Count
  /** What a restore brings back; nothing when it fails. */
  readonly restored: Count
  /** Live events that a restore does not bring back. */
  readonly lost: number
  /** Dead events that it does. */
  readonly revived: number
  /** Live events that come back as something else. */
  readonly misdirected: number
  /** Interrupts of live events that were lost before the save, and that their drivers wait for. */
  readonly lostInterrupts: number
  /** Events of the tables that no witness knows, and devices that have none. */
  readonly unknown: number
  /** Devices and tables that were not looked at. */
  readonly unread: number
  /** Entries of what the guest has unmapped, still valid in the tables. */
  readonly orphans: { readonly devices: readonly number[]; readonly events: readonly EventId[] }
}

/** Everything an audit found out about one ITS. */
export interface Report extends RestoreCounts {
  /** The ITS it is about. */
  readonly its: ItsPlace
  /** The profile of the kernel that restores. */
  readonly kernel: ProfileId
  /** Quirks of which it is unknown whether the kernel has them: the verdict holds both ways, or is undecided and M710 tells why. */
  readonly unsettled: readonly QuirkName[]
  readonly vcpus: number
  readonly verdict: Verdict
  /** What was not looked at: of that nothing is said. */
  readonly gaps: readonly Gap[]
  readonly errno: Errno | undefined
  readonly stop: RestoreStop | undefined
  /** Devices that may be live and are not brought back, or not with all events that may be. */
  readonly hiddenDevices: number
  readonly history: { readonly state: HistoryState; readonly commands: number; readonly pending: number }
  readonly byQueue: QueueCounts
  /** Dummy heads in its tables, which no released kernel reads. */
  readonly heads: HeadCount
  /** All that the guest has mapped is known: `live` is not only what it has at least. */
  readonly whole: boolean
  /** What the search for the guest kernel's own list came to; undefined where it was not looked for. */
  readonly guestKernel: KernelOutcome | undefined
  /** What the texts of KVM's debugfs come to; undefined where none was given for this ITS. */
  readonly debugfs: DebugfsOutcome | undefined
  readonly findings: readonly Finding[]
  /** What people call the devices. */
  readonly names: DeviceNames
  /** What a restore does to each device that it harms, the worst first; nothing where it fails. */
  readonly harmed: readonly DeviceHarm[]
  /** What was looked at, what came of it, and what was not looked at. */
  readonly looks: readonly Look[]
}
