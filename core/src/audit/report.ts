import type { Errno, Gpa } from '../memory/index.ts'
import type { EventId, Finding } from './finding.ts'
import type { HistoryState } from './history.ts'

/** What the next restore does. */
export type Verdict =
  /** It succeeds and brings back what the guest has mapped. */
  | 'restores'
  /** It succeeds, and the guest loses, gains or misdirects interrupts. */
  | 'corrupts'
  /** It fails with an errno. */
  | 'fails'

export interface Count {
  readonly devices: number
  readonly events: number
}

/** Where a restore fails. */
export interface Stop {
  readonly errno: Errno
  readonly says: string
  readonly place: string
  readonly at: Gpa | undefined
  readonly deviceId: number | undefined
  readonly eventId: number | undefined
  /** Read before it failed; KVM drops them. */
  readonly after: Count
}

/** Everything an audit found out. */
export interface Report {
  /** The profile of the kernel that restores. */
  readonly kernel: string
  readonly vcpus: number
  readonly verdict: Verdict
  readonly errno: Errno | undefined
  readonly stop: Stop | undefined
  readonly collections: number
  /** What the guest has mapped, as far as witnesses know: at least these when the history is not whole. */
  readonly live: Count
  /** Valid entries in RAM. */
  readonly tables: Count
  /** What a restore brings back; nothing when it fails. */
  readonly restored: Count
  /** Live events that a restore does not bring back, and dead ones that it does. */
  readonly lost: number
  readonly revived: number
  /** Entries that no witness knows. */
  readonly unknown: number
  readonly orphans: { readonly devices: readonly number[]; readonly events: readonly EventId[] }
  readonly history: { readonly state: HistoryState; readonly commands: number; readonly pending: number }
  readonly findings: readonly Finding[]
}
