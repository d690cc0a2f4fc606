import { hex, hexWord } from '../abi/index.ts'
import {
  type Confidence,
  type EntryKind,
  type EntryView,
  type Evidence,
  entryFields,
  type Finding,
  type Hang,
  type Help,
  hangOf,
  type ProblemCode,
  problems,
  type RegisterWrite,
  type Report,
  type RuleName,
  type Severity,
  type WordWrite,
} from '../audit/index.ts'
import type { Errno } from '../memory/index.ts'
import { type Address, address, type EntryWord, type RegisterValue } from './hexadecimal.ts'

/** A problem: where it is, what it does, who says so, and what mends it. */
export interface FindingDocument {
  /** The ITS it belongs to: its place in `itses`. */
  readonly its: number
  /** Stays the same for ever: a letter and three digits. */
  readonly code: ProblemCode
  /** The code's name: `orphan-dte`. */
  readonly slug: string
  /** What it does to the next restore, measured. */
  readonly severity: Severity
  /** What the restore fails with because of it. */
  readonly errno: Errno | null
  /** A witness or the bits themselves say so, or it follows from something else. */
  readonly confidence: Confidence
  /** The finding in one sentence. */
  readonly says: string
  /** The entry to blame. */
  readonly gpa: Address | null
  /** What lies there. */
  readonly word: EntryWord | null
  readonly deviceId: number | null
  /** The device as people know it: `the disk at 01:00.1`; null where the finding is about none, or the file does not tell. */
  readonly device: string | null
  readonly eventId: number | null
  /** What the event tells its driver of: `configuration`, `request queue 0`; none where it is about none, or the file does not tell. */
  readonly roles: readonly string[]
  readonly icid: number | null
  /** How a guest hangs by it after a restore, or `stops`: it does not come back at all; null where neither. */
  readonly hang: Hang | null
  readonly evidence: readonly EvidenceDocument[]
  readonly entries: readonly EntryDocument[]
  readonly effect: EffectDocument
  readonly fix: FixDocument
  /** The text of `vits explain`. */
  readonly help: Help
}

/** One thing that speaks for a finding, or against it. */
export interface EvidenceDocument {
  readonly witness: Evidence['witness']
  /** What lets it say so: `vits explain` tells when it holds. */
  readonly rule: RuleName
  readonly says: string
  /** Where in guest RAM it says so. */
  readonly gpa: Address | null
  /** It speaks against the finding. */
  readonly against: boolean
}

/** A word of a table as it lies in guest RAM. */
export interface EntryDocument {
  readonly gpa: Address
  readonly word: EntryWord
  readonly kind: EntryKind
  /** `DeviceID 0x8`, `event 3`, `collection 1`. */
  readonly id: string
  /** The decoded fields on one line. */
  readonly fields: string
  /** What it is to the finding: `orphan`, `live`, `lost`. */
  readonly role: string
}

/** What the entry does: the restore with it against the restore without it. */
export interface EffectDocument {
  /** Where the restore with the entry fails. */
  readonly stop: { readonly gpa: Address | null; readonly place: string; readonly says: string } | null
  /** Dead events that it brings back. */
  readonly revived: number
  /** Live events that it loses. */
  readonly lost: number
  /** Live devices that it loses, those without an event included. */
  readonly lostDevices: number
}

/** What mends a finding. */
export interface FixDocument {
  readonly says: string
  /** Nothing the guest uses is lost, and nothing is written but table entries of the ITS and what the guest itself has in registers. */
  readonly safe: boolean
  readonly writes: readonly WriteDocument[]
  /** Registers of redistributors that the file is to hold instead. */
  readonly registers: readonly RegisterDocument[]
}

/** One register of a redistributor to change. */
export interface RegisterDocument {
  readonly register: RegisterWrite['register']
  readonly vcpuId: number
  readonly from: RegisterValue
  readonly to: RegisterValue
}

/** One word of guest RAM to change. */
export interface WriteDocument {
  readonly gpa: Address
  readonly from: EntryWord
  readonly to: EntryWord
}

export function findingDocument(finding: Finding, { its, names }: Pick<Report, 'its' | 'names'>): FindingDocument {
  const { code, slug, severity, errno, confidence, says, at, deviceId, eventId, icid, evidence, effect, fix } = finding
  const { revived, lost, lostDevices, stop } = effect
  const [word] = finding.entries
  return {
    its: its.index,
    code,
    slug,
    severity,
    errno: errno ?? null,
    confidence,
    says,
    gpa: address(at),
    word: word === undefined || word.at !== at ? null : hexWord(word.lo, word.hi),
    deviceId: deviceId ?? null,
    device: deviceId === undefined || names.label(deviceId) === '' ? null : names.subject(deviceId),
    eventId: eventId ?? null,
    roles: deviceId === undefined || eventId === undefined ? [] : names.roles(deviceId, eventId),
    icid: icid ?? null,
    hang: hangOf(finding, names) ?? null,
    evidence: evidence.map(({ witness, rule, says, at, against }) => ({
      witness,
      rule,
      says,
      gpa: address(at),
      against: against === true,
    })),
    entries: finding.entries.map(entryDocument),
    effect: {
      stop: stop === undefined ? null : { gpa: address(stop.at), place: stop.place, says: stop.says },
      revived: revived.count,
      lost: lost.count,
      lostDevices,
    },
    fix: {
      says: fix.says,
      safe: fix.safe,
      writes: fix.writes.map(writeDocument),
      registers: (fix.registers ?? []).map(registerDocument),
    },
    help: problems[code].help,
  }
}

const entryDocument = (entry: EntryView): EntryDocument => ({
  gpa: hex(entry.at),
  word: hexWord(entry.lo, entry.hi),
  kind: entry.kind,
  id: entry.id,
  fields: entryFields(entry),
  role: entry.role,
})

export const writeDocument = ({ at, from, to }: WordWrite): WriteDocument => ({
  gpa: hex(at),
  from: hexWord(...from),
  to: hexWord(...to),
})

export const registerDocument = ({ register, vcpuId, from, to }: RegisterWrite): RegisterDocument => ({
  register,
  vcpuId,
  from: hex(from),
  to: hex(to),
})
