import { hex, type ItsPlace } from '@vits/core/abi'
import { type DeviceNames, type Evidence, entryLine, type Finding, isLoss, problemRow, type Severity } from '@vits/core/audit'
import type { Style } from '../style.ts'
import { deviceLines, queueLines } from './device-lines.ts'
import { beside, rows } from './layout.ts'
import { count } from './words.ts'

const MOST_ROWS = 12

/** Findings with one code and severity, in the order of the report. */
export function findingGroups(findings: readonly Finding[]): Finding[][] {
  const found = new Map<string, Finding[]>()
  for (const finding of findings) {
    const key = `${finding.code} ${finding.severity} ${finding.errno}`
    found.set(key, [...(found.get(key) ?? []), finding])
  }
  return [...found.values()]
}

/** How findings are told. */
export interface FindingContext {
  /** What people call the devices. */
  readonly names: DeviceNames
  /** The restore fails, so that what others do shows only once the failure is mended. */
  readonly hidden: boolean
  /** The ITS they are about, where there are several. */
  readonly its: ItsPlace | undefined
  /** The rule by which each witness speaks is named. */
  readonly rules: boolean
  readonly style: Style
}

/** The findings of one ITS, those with one code and severity together. */
export const findingsLines = (findings: readonly Finding[], context: FindingContext): string[] =>
  findingGroups(findings).flatMap((group) => findingLines(group, context))

function findingLines(group: readonly Finding[], context: FindingContext): string[] {
  const { names, hidden, its, rules, style } = context
  const [first] = group as [Finding]
  const where = its === undefined ? '' : ` on ITS ${its.index}`
  if (first.severity === 'note') return [`${first.code} ${first.slug}${where}`, `  ${first.says}`, '']
  const title = `${first.code} ${first.slug}${where}${group.length > 1 ? ` ×${group.length}` : ''}`
  const more = group.length > 1 ? ` ${count(group.length - 1, 'more', 'more')} like it.` : ''
  return [
    ...beside(style.bold(title), paint(first.severity, style)(findingEffect(group, hidden)), style),
    `  ${first.says}${more}`,
    '',
    ...entryLines(group, style),
    ...deviceLines(
      names,
      group.flatMap(({ deviceId }) => deviceId ?? []),
      { heading: 'device', style },
    ),
    ...queueLines(names, group.flatMap(eventOf), style),
    ...deviceLines(names, lostBy(group), { heading: 'loses', all: group.length === 1 ? first.effect.lostDevices : 0, style }),
    ...(isQuiet(first) ? [] : [...proofLines(group, rules), ...fixLines(group)]),
    '',
  ]
}

const eventOf = ({ deviceId, eventId }: Finding) =>
  deviceId === undefined || eventId === undefined ? [] : [[deviceId, eventId] as const]

/** Devices other than its own that each finding takes events from. */
const lostBy = (group: readonly Finding[]): readonly number[] =>
  group.flatMap(({ deviceId, effect }) => effect.lost.first.flatMap(([lost]) => (lost === deviceId ? [] : lost)))

/** It does nothing now, and needs no reasons. */
export const isQuiet = ({ code, severity }: Finding): boolean => severity === 'latent' && problemRow(code).beyondRestore !== true

/** What findings with one code and severity do to a restore. `hidden`: it fails, and they show only once that is mended. */
export function findingEffect(group: readonly Finding[], hidden: boolean): string {
  const [{ severity, errno, effect }] = group as [Finding]
  if (severity === 'fails')
    return `restore fails: ${errno}${group.length > 1 || effect.stop === undefined ? '' : ` at ${effect.stop.place}`}`
  const harm = problemRow(group[0]!.code).harm?.(group.length)
  if (severity === 'latent') return harm === undefined ? 'no harm now' : `perhaps ${harm}`
  const sum = (of: (finding: Finding) => number) => group.reduce((total, finding) => total + of(finding), 0)
  const revived = sum((finding) => finding.effect.revived.count)
  // Several entries may hide the same events; what is told of one mapping each adds up.
  const apart = group.length === 1 || isLoss(group[0]!.code)
  const lost = apart ? sum((finding) => finding.effect.lost.count) : 0
  const devices = apart ? sum((finding) => finding.effect.lostDevices) : 0
  const does = [
    ...lossWords(lost, devices),
    ...(!apart && group.some(({ effect }) => effect.lost.count > 0) ? ['loses live events'] : []),
    ...(revived > 0 ? [`brings back ${count(revived, 'dead event')}`] : []),
  ]
  if (problemRow(group[0]!.code).perhaps === true) {
    const what = group[0]!.eventId === undefined ? 'device' : 'event'
    return `restores, but perhaps loses ${count(group.length, what)}`
  }
  const when = hidden ? 'once that is mended:' : 'restores, but'
  return `${when} ${does.length === 0 ? (harm ?? 'interrupts go wrong') : does.join(', ')}`
}

function lossWords(events: number, devices: number): string[] {
  if (events === 0) return devices === 0 ? [] : [`loses ${count(devices, 'device')} without events`]
  return [`loses ${count(events, 'live event')}${devices > 0 ? ` of ${count(devices, 'device')}` : ''}`]
}

/** The columns before the fields of an entry: its address, its word, and whose it is. */
const BEFORE_FIELDS = 3

function entryLines(group: readonly Finding[], style: Style): string[] {
  const entries = group.flatMap((finding) => finding.entries)
  if (entries.length === 0) return []
  const lines = entries.slice(0, MOST_ROWS).map((entry) => [entryLine(entry), entry.role] as const)
  const width = Math.max(...lines.map(([line]) => line.length))
  const more = entries.length > MOST_ROWS ? [`    … and ${entries.length - MOST_ROWS} more`] : []
  const told = lines.map(([line, role]) => `    ${line.padEnd(width)}  ${role}`)
  return [...rows(told, BEFORE_FIELDS, style), ...more, '']
}

const MOST_PROOFS = 4

function proofLines(group: readonly Finding[], rules: boolean): string[] {
  const lines = [...new Set(group.flatMap(({ evidence }) => evidence.map((one) => evidenceWords(one, rules))))]
  const heading = group.every(({ confidence }) => confidence === 'proven') ? 'proof' : 'reason'
  const more = lines.length > MOST_PROOFS ? [`… and ${lines.length - MOST_PROOFS} more (--json)`] : []
  return [...lines.slice(0, MOST_PROOFS), ...more].map((line, i) => `  ${(i > 0 ? '' : heading).padEnd(8)}${line}`)
}

/** `the command queue: MAPD DeviceID 0x5200 V=0 (at 0x429e36e0)`, with the rule that lets it say so behind it when that is asked for. */
export function evidenceWords({ witness, rule, says, at, against }: Evidence, isRuleNamed = false): string {
  const place = at === undefined ? '' : ` (at ${hex(at)})`
  return `${against ? 'but the' : 'the'} ${witness}: ${says}${place}${isRuleNamed ? `  ${rule}` : ''}`
}

function fixLines(group: readonly Finding[]): string[] {
  const unique = [...new Set(group.map(({ fix }) => fix.says))]
  const safe = group.every(({ fix }) => fix.safe)
  const shown = unique.slice(0, MOST_ROWS)
  return shown.map(
    (says, i) =>
      `  ${i > 0 ? '   ' : 'fix'}     ${says}${i === shown.length - 1 && safe ? '. Nothing the guest uses is lost.' : ''}`,
  )
}

function paint(severity: Severity, style: Style): (text: string) => string {
  return severity === 'fails' || severity === 'corrupts' ? style.bad : style.dim
}
