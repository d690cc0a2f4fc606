import type { ProfileId } from '../abi/index.ts'
import {
  type Confidence,
  type Count,
  type EntryKind,
  type EventId,
  type KernelRow,
  type Report,
  type Verdict,
  worst,
} from '../audit/index.ts'
import type { Errno } from '../memory/index.ts'
import type { Cause, Obstacle, RepairPlan } from '../repair/index.ts'
import { type NamedDeviceDocument, namedDevices } from './device-document.ts'
import { type RegisterDocument, registerDocument, type WriteDocument, writeDocument } from './finding-document.ts'
import { type Address, address } from './hexadecimal.ts'
import type { JudgedDocument } from './judged-document.ts'
import { type GapDocument, gapDocument } from './restore-document.ts'

/** What `vits repair --json` prints. */
export interface RepairDocument {
  /** Version of this document: keys may be added under the same number, and none goes or changes its meaning. */
  readonly schema: 1
  /** The file, as it was named. */
  readonly file: string
  /** The file that holds the repaired VM; null when none was written. */
  readonly written: string | null
  /** The kernel that must restore it, and why that one; absent where nobody chose. */
  readonly judged?: JudgedDocument
  /** What a restore of the VM does, of all its ITSes together. */
  readonly before: OutcomeDocument
  /** What a restore of the result does, and brings back. */
  readonly after: RestoredDocument
  /** Every word that changes, in address order. */
  readonly writes: readonly PlannedWriteDocument[]
  /** Every register of the file that changes. */
  readonly registers: readonly PlannedRegisterDocument[]
  readonly kernels: readonly KernelProofDocument[]
  /** Why the result is not proven good and is not written; empty when it is. */
  readonly obstacles: readonly ObstacleDocument[]
  /** What the guest has mapped and no restore of the result brings back. */
  readonly lost: { readonly devices: readonly number[]; readonly events: readonly EventId[] }
  /** What people call the devices: every DeviceID of which the file knows something. */
  readonly devices: readonly NamedDeviceDocument[]
}

export interface OutcomeDocument {
  readonly verdict: Verdict
  /** What was not looked at; beside it nothing is written. */
  readonly gaps: readonly GapDocument[]
  readonly errno: Errno | null
}

export interface RestoredDocument extends OutcomeDocument {
  readonly restored: Count
}

/** One word of guest RAM that changes, and why. */
export interface PlannedWriteDocument extends WriteDocument {
  /** The ITS that it belongs to: its place in the machine. */
  readonly its: number
  /** The problem that asks for it. */
  readonly code: Cause
  readonly kind: EntryKind
  /** `DeviceID 0x8`, `event 3 of DeviceID 0x300`, `collection 1`. */
  readonly id: string
  /** The device whose entry it is; null of a collection. */
  readonly deviceId: number | null
  readonly why: string
  readonly confidence: Confidence
}

/** One register of a redistributor that changes, and why. */
export interface PlannedRegisterDocument extends RegisterDocument {
  /** The problem that asks for it. */
  readonly code: Cause
  readonly why: string
  readonly confidence: Confidence
}

/** A reason for which the repaired file must not be written. */
export interface ObstacleDocument {
  /** The kernel that shows it; empty when none has to. */
  readonly kernel: Obstacle['kernel']
  readonly says: string
  /** The ITS it is about, where the VM has several and it is not about all of them: its place in the machine, and where its frames are. */
  readonly its?: { readonly index: number; readonly base: Address | null }
}

/** What a kernel makes of the VM before and after the repair. */
export interface KernelProofDocument {
  readonly kernel: ProfileId
  readonly before: KernelOutcome
  readonly after: KernelOutcome
}

/** What a restore on one kernel does, in numbers. */
export interface KernelOutcome {
  readonly verdict: KernelRow['verdict']
  readonly errno: Errno | null
  readonly lost: number
  readonly revived: number
  readonly misdirected: number
}

/** The document of a plan; `written` names the file that holds the repaired VM. */
export function repairDocument(file: string, plan: RepairPlan, written: string | null): RepairDocument {
  const { itses, writes, registerWrites, kernels, obstacles } = plan
  const after = itses.map((its) => its.after)
  return {
    schema: 1,
    file,
    written,
    before: together(itses.map((its) => its.before)),
    after: { ...together(after), restored: sum(after.map(({ restored }) => restored)) },
    writes: writes.map((write) => ({
      ...writeDocument(write),
      its: write.its,
      code: write.code,
      kind: write.kind,
      id: write.id,
      deviceId: write.deviceId ?? null,
      why: write.why,
      confidence: write.proven ? 'proven' : 'inferred',
    })),
    registers: registerWrites.map((write) => ({
      ...registerDocument(write),
      code: write.code,
      why: write.why,
      confidence: write.proven ? 'proven' : 'inferred',
    })),
    kernels: kernels.map(({ kernel, before, after }) => ({ kernel, before: outcome(before), after: outcome(after) })),
    obstacles: obstacles.map(({ kernel, says, its }) => ({
      kernel,
      says,
      ...(its && { its: { index: its.index, base: address(its.base) } }),
    })),
    lost: { devices: itses.flatMap(({ lostDevices }) => lostDevices), events: itses.flatMap(({ lost }) => lost) },
    devices: itses.flatMap(({ its, before }) => namedDevices(before.names, its.index)),
  }
}

const together = (reports: readonly Report[]): OutcomeDocument => ({
  verdict: worst(reports.map(({ verdict }) => verdict)),
  gaps: reports.flatMap(({ gaps }) => gaps.map(gapDocument)),
  errno: reports.find(({ errno }) => errno !== undefined)?.errno ?? null,
})

const sum = (counts: readonly Count[]): Count => ({
  devices: counts.reduce((total, { devices }) => total + devices, 0),
  events: counts.reduce((total, { events }) => total + events, 0),
})

const outcome = ({ verdict, errno, lost, revived, misdirected }: KernelRow): KernelOutcome => ({
  verdict,
  errno: errno ?? null,
  lost: lost.count,
  revived: revived.count,
  misdirected: misdirected.count,
})
