import { type Change, type Finding, problemRow, type Report, type View, viewDifferences } from '@vits/core/audit'
import type { EventSet } from '@vits/core/tables'

/** What a real KVM made of a save. */
export interface Restored {
  /** `0`, or an errno's name. */
  readonly rc: string
  /** What it then had mapped. */
  readonly view: View
  /** MSIs that did not arrive, of the mapped events that drivers count on. */
  readonly unheard: number
}

/** What is known of a guest that was saved, what vits says of it, and what real restores made of it. */
export interface Evidence {
  /** What KVM had mapped when it saved. */
  readonly mapped: View
  /** What its drivers count on: a repair may take out what nobody uses. */
  readonly inUse: EventSet
  readonly report: Report
  /** What vits foretells of the restore. */
  readonly foretold: View
  readonly asSaved: Restored
  /** After `vits repair -y`, where it would write. */
  readonly repaired?: Restored
}

/** How vits stands to the truth: `wrong` is the worst that it did. */
export interface Verdict {
  /** A restore of the save as it was brings back what was mapped, and nothing else. */
  readonly whole: boolean
  /** `vits check` calls it a problem. */
  readonly found: boolean
  /** Only of what it says itself that it does not know. */
  readonly unsure: boolean
  /** A restore of the repaired save brings back what was mapped, and nothing else. */
  readonly mended: boolean
  readonly wrong?: { readonly kind: Wrong; readonly why: string }
}

export const wrongs = ['false alarm', 'miss', 'harmful repair'] as const
export type Wrong = (typeof wrongs)[number]

/** Judges vits by what real KVM did. */
export function judge(evidence: Evidence): Verdict {
  const { mapped, report, foretold, asSaved, repaired } = evidence
  const whole = isWhole(mapped, asSaved)
  const found = report.verdict !== 'restores'
  const unsure = isUnsure(report)
  const wrong =
    (repaired && harmDone({ ...evidence, repaired })) ??
    misforetold(report, foretold, asSaved) ??
    (whole ? falseAlarm(report, unsure) : missed(report, mapped, asSaved))
  return { whole, found, unsure, mended: repaired !== undefined && isWhole(mapped, repaired), ...(wrong && { wrong }) }
}

const isWhole = (mapped: View, { rc, view, unheard }: Restored) =>
  rc === '0' && unheard === 0 && viewDifferences(mapped, view).length === 0

/** Entries that no witness knows, or two devices with one ITT of which none knows which is live. */
const isUnsure = ({ unknown, findings }: Report) => unknown > 0 || findings.some(isPerhaps)

/** Nobody knows whether it is a loss. */
const isPerhaps = ({ code, confidence }: Finding) => problemRow(code).perhaps === true && confidence === 'inferred'

const alarms = ({ findings }: Report) =>
  findings.filter((one) => (one.severity === 'fails' || one.severity === 'corrupts') && !isPerhaps(one))

function falseAlarm(report: Report, unsure: boolean): Verdict['wrong'] {
  const [alarm] = alarms(report)
  if (alarm === undefined && (unsure || report.verdict === 'restores')) return undefined
  const what = alarm === undefined ? '' : `: ${alarm.code}, ${alarm.confidence}, device ${alarm.deviceId}, event ${alarm.eventId}`
  return { kind: 'false alarm', why: `a restore brings back all, and vits says that it ${report.verdict}${what}` }
}

function missed({ verdict, unknown }: Report, mapped: View, { view, unheard }: Restored): Verdict['wrong'] {
  if (verdict !== 'restores' || unknown > 0) return undefined
  const change = viewDifferences(mapped, view)[0]
  return {
    kind: 'miss',
    why: `vits says that it restores: ${unheard} MSIs do not arrive, ${change === undefined ? '' : inWords(change)}`,
  }
}

/** What vits foretells is what KVM did, whatever the guest had mapped. */
function misforetold({ errno }: Report, foretold: View, { rc, view }: Restored): Verdict['wrong'] {
  const expected = errno ?? '0'
  if (expected !== rc) return { kind: 'miss', why: `a restore answers ${rc}, vits foretells ${expected}` }
  const [change] = rc === '0' ? viewDifferences(foretold, view) : []
  return change && { kind: 'miss', why: `a restore does not as vits foretells: ${inWords(change)}` }
}

const isHarm = ({ what, deviceId, eventId }: Change, inUse: EventSet): boolean =>
  what !== 'mapped' && (eventId === undefined || inUse.hasEvent(deviceId!, eventId))

/** What the repaired save does not bring back, though the save as it was would have; or, of one that did not restore, at all. */
function harmDone({ mapped, inUse, asSaved, repaired }: Required<Evidence>): Verdict['wrong'] {
  if (repaired.rc !== '0') return { kind: 'harmful repair', why: `the repaired save does not restore: ${repaired.rc}` }
  const was = asSaved.rc === '0' ? new Set(viewDifferences(mapped, asSaved.view).map(inWords)) : new Set<string>()
  const change = viewDifferences(mapped, repaired.view).find((one) => isHarm(one, inUse) && !was.has(inWords(one)))
  if (change !== undefined) return { kind: 'harmful repair', why: `the repaired save: ${inWords(change)}` }
  const quieter = repaired.unheard > (asSaved.rc === '0' ? asSaved.unheard : 0)
  return quieter ? { kind: 'harmful repair', why: `${repaired.unheard} MSIs do not arrive after the repair` } : undefined
}

const inWords = ({ what, icid, deviceId, eventId, from, to }: Change) =>
  [what, ['collection', icid], ['device', deviceId], ['event', eventId], ['from', from], ['to', to]]
    .flatMap((part) => (typeof part === 'string' ? [part] : part[1] === undefined ? [] : [part.join(' ')]))
    .join(' ')
