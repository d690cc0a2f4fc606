import type { ProfileId } from '../abi/index.ts'
import type { Errno, Gpa } from '../memory/index.ts'
import type { EventId, Finding } from './finding.ts'
import type { HistoryState } from './history.ts'
import type { ItsPlace } from './scene.ts'
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
  readonly says: string
  readonly place: string
  readonly at: Gpa | undefined
  readonly deviceId: number | undefined
  readonly eventId: number | undefined
  /** Read before it failed; KVM drops them. */
  readonly after: Count
}

/** Everything an audit found out about one ITS. */
export interface Report {
  /** The ITS it is about. */
  readonly its: ItsPlace
  /** The profile of the kernel that restores. */
  readonly kernel: ProfileId
  readonly vcpus: number
  readonly verdict: Verdict
  readonly errno: Errno | undefined
  readonly stop: RestoreStop | undefined
  readonly collections: number
  /** What the guest has mapped, as far as witnesses know: at least these when the history is not whole. */
  readonly live: Count
  /** Valid entries in RAM. */
  readonly tables: Count
  /** What a restore brings back; nothing when it fails. */
  readonly restored: Count
  /** Live events that a restore does not bring back, dead ones that it does, live ones that come back as something else. */
  readonly lost: number
  readonly revived: number
  readonly misdirected: number
  /**
   * Devices and tables of which nothing is said: they lie in RAM whose address the file does not tell. And one for the rest of tables
   * that are larger than what may be looked at.
   */
  readonly unread: number
  /** Devices that may be live and are not brought back. */
  readonly hiddenDevices: number
  /** Entries that no witness knows. */
  readonly unknown: number
  readonly orphans: { readonly devices: readonly number[]; readonly events: readonly EventId[] }
  readonly history: { readonly state: HistoryState; readonly commands: number; readonly pending: number }
  readonly byQueue: QueueCounts
  readonly findings: readonly Finding[]
}
