import { hex } from '../abi/index.ts'
import type { Limit } from '../budget/index.ts'
import type { Errno, Gpa } from '../memory/index.ts'
import type { EntryKind, EntryView } from './entries.ts'
import type { Detail, ProblemCode, Severity } from './problems/index.ts'
import { type RuleName, type WitnessName, witnessRules } from './witness-rules.ts'

/** How sure a finding is: a witness or the bits themselves say so, or it follows from something else. */
export type Confidence = 'proven' | 'inferred'

/** One thing that speaks for a finding, or against it. */
export interface Evidence {
  readonly witness: WitnessName
  /** What lets it say so. */
  readonly rule: RuleName
  readonly says: string
  /** Where in guest RAM it says so. */
  readonly at: Gpa | undefined
  /** It speaks against the finding. */
  readonly against?: true
}

/** What a rule lets a witness say, in words. */
export const evidence = (rule: RuleName, says: string, at: Gpa | undefined, isAgainst = false): Evidence => ({
  witness: witnessRules[rule].witness,
  rule,
  says,
  at,
  ...(isAgainst ? { against: true } : {}),
})

/** One word of guest RAM to change. */
export interface WordWrite {
  readonly at: Gpa
  readonly from: readonly [lo: number, hi: number]
  readonly to: readonly [lo: number, hi: number]
}

/** A register of one redistributor to change. */
export interface RegisterWrite {
  readonly register: 'GICR_PENDBASER' | 'GICR_PROPBASER'
  readonly vcpuId: number
  readonly from: bigint
  readonly to: bigint
}

/** An event by its ids. */
export type EventId = readonly [deviceId: number, eventId: number]

/** What an entry does to the restore, measured: the walk with it against the walk without it. */
export interface Effect {
  readonly severity: Severity
  readonly errno: Errno | undefined
  /** Where the walk with the entry fails, and what KVM objects to there. */
  readonly stop: EffectStop | undefined
  /** Dead events that it brings back, and live ones that it loses; the first few of each, and how many. */
  readonly revived: EventList
  readonly lost: EventList
  /** Live devices lost, those without an event included. */
  readonly lostDevices: number
}

export interface EffectStop {
  readonly at: Gpa | undefined
  /** What lies there, where it is a table entry. */
  readonly kind: EntryKind | undefined
  readonly says: string
  /** `DeviceID 0x5200 event 0`. */
  readonly place: string
}

export interface EventList {
  readonly count: number
  readonly first: readonly EventId[]
}

/** What mends a finding. */
export interface Fix {
  readonly says: string
  /** Nothing the guest uses is lost, and nothing is written but table entries of the ITS and what the guest itself has in registers. */
  readonly safe: boolean
  /** Empty where no single word mends it. */
  readonly writes: readonly WordWrite[]
  /** Registers that the file is to hold instead; nothing where none is to change. */
  readonly registers?: readonly RegisterWrite[]
}

/** A problem with its place, before its effect is known. */
export interface Suspect<C extends ProblemCode = ProblemCode> {
  readonly code: C
  readonly detail: Detail<C>
  readonly confidence: Confidence
  readonly deviceId?: number
  readonly eventId?: number
  readonly icid?: number
  /** The entry to blame. */
  readonly at: Gpa | undefined
  readonly entries: readonly EntryView[]
  readonly evidence: readonly Evidence[]
  /** The writes that take the entry out of the tables: for measuring its effect. */
  readonly removal: readonly WordWrite[]
  readonly fix: Fix
  /** Of what was not looked at: the limit of the budget that was reached. */
  readonly limit?: Limit
  /** Known without a walk: registers, the queue, the file. */
  readonly effect?: Effect
}

/** A problem, where it is, what it does and what mends it. */
export interface Finding extends Omit<Suspect, 'effect' | 'removal' | 'detail' | 'code'> {
  readonly code: ProblemCode
  readonly slug: string
  readonly severity: Severity
  readonly errno: Errno | undefined
  /** The finding in one sentence. */
  readonly says: string
  readonly effect: Effect
}

/** A suspect, with what most have: proven, no entry to blame, nothing to take out. */
export function suspect<C extends ProblemCode>(code: C, detail: Detail<C>, more: SuspectParts = {}): Suspect {
  const { rows = [], ...rest } = more
  return {
    code,
    detail: detail as Detail<ProblemCode>,
    confidence: 'proven',
    at: undefined,
    entries: rows.filter((row) => row !== undefined),
    evidence: [],
    removal: [],
    fix: { says: '', safe: false, writes: [] },
    ...rest,
  }
}

type SuspectParts = Partial<Omit<Suspect, 'code' | 'detail' | 'entries'>> & { readonly rows?: readonly (EntryView | undefined)[] }

/** Takes an entry out by clearing it, and offers that as the fix. */
export function cleared(removal: readonly WordWrite[], safe: boolean): Pick<Suspect, 'removal' | 'fix'> {
  const [word] = removal
  return { removal, fix: { says: word === undefined ? '' : `clear ${hex(word.at)}, 8 bytes`, safe, writes: removal } }
}

const NONE: EventList = { count: 0, first: [] }

/** The effect of something no walk can show. */
export function declared(severity: Severity, errno?: Errno): Effect {
  return { severity, errno, stop: undefined, revived: NONE, lost: NONE, lostDevices: 0 }
}

/** The effect of a mapping that is not there, or not as the guest made it. */
export function losing(lost: readonly EventId[], lostDevices = 0): Effect {
  return { ...declared('corrupts'), lost: { count: lost.length, first: lost.slice(0, 16) }, lostDevices }
}
