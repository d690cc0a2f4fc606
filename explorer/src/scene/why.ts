import { hex } from '@vits/core/abi'
import {
  audit,
  type Evidence,
  type Finding,
  problemRow,
  type Report,
  type Scene,
  type Severity,
  scenesOver,
  worst,
} from '@vits/core/audit'
import type { Gpa } from '@vits/core/memory'

/** Findings of one kind, as one reason. */
export interface Reason {
  readonly its: number
  readonly code: string
  readonly slug: string
  readonly severity: Severity
  /** What it does to the restore, in the words of a report. */
  readonly effect: string
  /** The first finding in one sentence. */
  readonly says: string
  readonly count: number
  readonly confidence: Finding['confidence']
  readonly places: readonly Place[]
  readonly evidence: readonly string[]
  readonly fixes: readonly string[]
  /** Nothing that the guest uses is lost by the fix. */
  readonly isSafe: boolean
  /** What the problem is, for whoever meets it the first time. */
  readonly explains: string
}

/** Where one of the findings is. */
export interface Place {
  readonly deviceId: number
  readonly eventId: number | undefined
}

/** Places, proofs and fixes that are listed for one reason. */
const MOST_PLACES = 200
const MOST_EVIDENCE = 4
const MOST_FIXES = 12

/** How findings become lines of a report: given, because the words are the report's. */
export interface FindingWords {
  groups(findings: readonly Finding[]): (readonly Finding[])[]
  effect(group: readonly Finding[], isHidden: boolean): string
  evidence(evidence: Evidence): string
}

/** Everything that is wrong, in the order in which it bites: what fails the restore, what goes wrong once that is mended, what does no harm. */
export function reasonsOf(reports: readonly Report[], words: FindingWords): readonly Reason[] {
  const isHidden = reports.some(({ stop }) => stop !== undefined)
  const found = reports.flatMap((report) => words.groups(report.findings).map((group) => ({ report, group })))
  const rank = ({ report, group }: (typeof found)[number]) => (isStop(report, group[0]!) ? -1 : order.indexOf(group[0]!.severity))
  const sorted = found.map((one) => ({ ...one, rank: rank(one) })).sort((a, b) => a.rank - b.rank)
  return sorted.map(({ report, group }) => reason(report, group, isHidden, words))
}

/** It is what this kernel's restore fails at, first of all. */
const isStop = ({ stop }: Report, { severity, effect }: Finding): boolean =>
  stop !== undefined && severity === 'fails' && effect.stop?.place === stop.place

const order: readonly Severity[] = ['fails', 'corrupts', 'latent', 'note']

function reason({ its }: Report, group: readonly Finding[], isHidden: boolean, words: FindingWords): Reason {
  const [first] = group as [Finding]
  const { code, slug, severity, says, confidence } = first
  return {
    its: its.index,
    code,
    slug,
    severity,
    effect: severity === 'note' ? 'note' : words.effect(group, isHidden),
    says,
    count: group.length,
    confidence,
    places: group
      .flatMap(({ deviceId, eventId }) => (deviceId === undefined ? [] : [{ deviceId, eventId }]))
      .slice(0, MOST_PLACES),
    evidence: [...new Set(group.flatMap((one) => one.evidence.map(words.evidence)))].slice(0, MOST_EVIDENCE),
    fixes: [...new Set(group.map(({ fix }) => fix.says))].filter((fix) => fix !== '').slice(0, MOST_FIXES),
    isSafe: group.every(({ fix }) => fix.safe),
    explains: problemRow(code).help.what,
  }
}

/** What comes of it when only the entry is cleared that KVM complains of. */
export interface Trap {
  /** The entry that KVM names. */
  readonly place: string
  readonly at: string
  /** What the restore answers then; nothing when it succeeds. */
  readonly fails: string
  readonly lost: number
  readonly lostDevices: number
  readonly revived: number
}

/**
 * Clears the one entry that the restore fails at, on a copy, and audits again: what it hid shows then. Undefined where the restore does
 * not fail at an entry that can be cleared, or nothing goes wrong afterwards.
 */
export function trapOf(scenes: readonly Scene[]): Trap | undefined {
  const scene = scenes.find((one) => audit(one).stop !== undefined)
  if (scene === undefined) return undefined
  const report = audit(scene)
  const { stop } = report
  const blamed = report.findings.find((finding) => isStop(report, finding) && finding.fix.writes.length > 0)
  if (stop === undefined || blamed === undefined) return undefined
  const memory = scene.memory.fork()
  for (const { at, to } of blamed.fix.writes) memory.setWord(at, to[0], to[1])
  const after = scenesOver(
    scenes,
    memory,
    blamed.fix.writes.map(({ at }) => at),
  ).map(audit)
  if (worst(after.map(({ verdict }) => verdict)) === 'restores') return undefined
  const failed = after.find((one) => one.stop !== undefined)
  return {
    place: stop.place,
    at: hex(blamed.fix.writes[0]!.at as Gpa),
    fails: failed?.stop === undefined ? '' : `${failed.stop.errno} at ${failed.stop.place}`,
    lost: failed === undefined ? after.reduce((sum, { lost }) => sum + lost, 0) : 0,
    lostDevices: failed === undefined ? after.reduce((sum, report) => sum + devicesHarmed(report), 0) : 0,
    revived: failed === undefined ? after.reduce((sum, { revived }) => sum + revived, 0) : 0,
  }
}

const devicesHarmed = ({ harmed }: Report): number => harmed.filter(({ lost, isLost }) => lost > 0 || isLost).length
