import { hex, type ItsPlace, itsCount } from '@vits/core/abi'
import {
  type Evidence,
  entryLine,
  type Finding,
  isLoss,
  problemRow,
  type Report,
  type Severity,
  type Verdict,
  worst,
} from '@vits/core/audit'
import type { Checked } from '@vits/core/documents'
import type { Origin, SavedMachine } from '@vits/core/formats'
import type { Style } from '../style.ts'
import { viewLines } from './view-lines.ts'
import { beside, count, itsWords, printable, shellWord } from './words.ts'

const MOST_ROWS = 12

/** What `vits check` prints for one file: what the file is, three views, each problem, the verdict and what to do next. */
export function reportText({ file, machine, reports }: Checked, kernels: readonly string[], style: Style): string {
  const isHidden = reports.some(({ stop }) => stop !== undefined)
  return [
    `${style.bold(printable(file))}  ${printable(summary(machine, reports))}`,
    '',
    ...reports.flatMap((report) => [...itsHeading(report, reports.length, style), ...viewLines(report), '']),
    ...reports.flatMap((report) =>
      groups(report.findings).flatMap((group) =>
        findingLines(group, isHidden, reports.length > 1 ? report.its : undefined, style),
      ),
    ),
    ...verdict(file, machine, reports, style),
    ...kernels,
    '',
  ].join('\n')
}

function summary({ format, machine, ranges, registers }: SavedMachine, reports: readonly Report[]): string {
  const mib = ranges.reduce((sum, { bytes }) => sum + bytes, 0) / 2 ** 20
  const ram = mib >= 1024 && mib % 1024 === 0 ? `${mib / 1024} GiB` : `${mib} MiB`
  const bases = reports.flatMap(({ its: { base } }) => (base === undefined ? [] : [hex(base)]))
  return [
    `${format} (${machine})`,
    count(reports[0]?.vcpus ?? 0, 'vCPU'),
    ram,
    `${count(itsCount(registers), 'ITS', 'ITSes')}${bases.length === 0 ? '' : ` at ${bases.join(', ')}`}`,
  ].join(' · ')
}

/** Above the views of one ITS of several. */
function itsHeading({ its, verdict }: Report, of: number, style: Style): string[] {
  return of === 1 ? [] : [`${style.bold(itsWords(its))}  ${itsVerdict[verdict]}`]
}

const itsVerdict: Readonly<Record<Verdict, string>> = {
  restores: 'restores',
  corrupts: 'restores, but wrongly',
  fails: 'the restore fails here',
  unknown: 'not known: not everything was looked at',
}

/** Findings with one code and severity, in the order of the report. */
function groups(findings: readonly Finding[]): Finding[][] {
  const found = new Map<string, Finding[]>()
  for (const finding of findings) {
    const key = `${finding.code} ${finding.severity} ${finding.errno}`
    found.set(key, [...(found.get(key) ?? []), finding])
  }
  return [...found.values()]
}

/** `its`: the ITS it is about, where there are several. */
function findingLines(group: readonly Finding[], hidden: boolean, its: ItsPlace | undefined, style: Style): string[] {
  const [first] = group as [Finding]
  const where = its === undefined ? '' : ` on ITS ${its.index}`
  if (first.severity === 'note') return [`${first.code} ${first.slug}${where}`, `  ${first.says}`, '']
  const title = `${first.code} ${first.slug}${where}${group.length > 1 ? ` ×${group.length}` : ''}`
  const more = group.length > 1 ? ` ${count(group.length - 1, 'more', 'more')} like it.` : ''
  return [
    beside(style.bold(title), paint(first.severity, style)(effectWords(group, hidden)), title.length),
    `  ${first.says}${more}`,
    '',
    ...entryLines(group),
    ...(first.severity === 'latent' ? [] : [...proofLines(group), ...fixLines(group), '']),
  ]
}

/** `hidden`: the restore fails, so that what this does shows only once the failure is mended. */
function effectWords(group: readonly Finding[], hidden: boolean): string {
  const [{ severity, errno, effect }] = group as [Finding]
  if (severity === 'fails')
    return `restore fails: ${errno}${group.length > 1 || effect.stop === undefined ? '' : ` at ${effect.stop.place}`}`
  if (severity === 'latent') return 'no harm now'
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
  if (problemRow(group[0]!.code).perhaps === true) return `restores, but perhaps loses ${count(group.length, 'device')}`
  const when = hidden ? 'once that is mended:' : 'restores, but'
  return `${when} ${does.length === 0 ? 'interrupts go wrong' : does.join(', ')}`
}

function lossWords(events: number, devices: number): string[] {
  if (events === 0) return devices === 0 ? [] : [`loses ${count(devices, 'device')} without events`]
  return [`loses ${count(events, 'live event')}${devices > 0 ? ` of ${count(devices, 'device')}` : ''}`]
}

function entryLines(group: readonly Finding[]): string[] {
  const entries = group.flatMap((finding) => finding.entries)
  if (entries.length === 0) return []
  const lines = entries.slice(0, MOST_ROWS).map((entry) => [entryLine(entry), entry.role] as const)
  const width = Math.max(...lines.map(([line]) => line.length))
  const more = entries.length > MOST_ROWS ? [`    … and ${entries.length - MOST_ROWS} more`] : []
  return [...lines.map(([line, role]) => `    ${line.padEnd(width)}  ${role}`), ...more, '']
}

const MOST_PROOFS = 4

function proofLines(group: readonly Finding[]): string[] {
  const lines = [...new Set(group.flatMap(({ evidence }) => evidence.map(evidenceWords)))]
  const heading = group.every(({ confidence }) => confidence === 'proven') ? 'proof' : 'reason'
  const more = lines.length > MOST_PROOFS ? [`… and ${lines.length - MOST_PROOFS} more (--json)`] : []
  return [...lines.slice(0, MOST_PROOFS), ...more].map((line, i) => `  ${(i > 0 ? '' : heading).padEnd(8)}${line}`)
}

/** `the command queue: MAPD DeviceID 0x5200 V=0 (at 0x429e36e0)`. */
export function evidenceWords({ witness, says, at, against }: Evidence): string {
  return `${against ? 'but the' : 'the'} ${witness}: ${says}${at === undefined ? '' : ` (at ${hex(at)})`}`
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

function verdict(file: string, { origin }: SavedMachine, reports: readonly Report[], style: Style): string[] {
  const findings = reports.flatMap((report) => report.findings)
  const problems = findings.filter(({ severity }) => severity === 'fails' || severity === 'corrupts')
  const next = ['', ...hints(nextSteps(file, reports))]
  switch (worst(reports.map(({ verdict }) => verdict))) {
    case 'restores':
      return [style.good(cleanWords(reports, findings))]
    case 'unknown':
      return [style.bad('Not known: a restore reads more than was looked at. Do not resume this VM.'), ...next]
    case 'fails':
      return [
        `${count(problems.length, 'problem')} · ${style.bad(failureWords(reports))}`,
        ...abortLines(origin, reports),
        ...next,
      ]
    case 'corrupts':
      return [
        `${count(problems.length, 'problem')} · The restore succeeds${harmWords(reports)}.`,
        style.bad(adviceWords(reports)),
        ...next,
      ]
  }
}

/** A loss that is only possible, and nothing worse, is not called one. */
function adviceWords(reports: readonly Report[]): string {
  const isPossible = reports.every(({ lost, revived, misdirected }) => lost + revived + misdirected === 0)
  return isPossible && reports.some(({ hiddenDevices }) => hiddenDevices > 0)
    ? 'Restores, but perhaps wrongly. Do not resume this VM before that is known.'
    : 'Restores, but wrongly. Do not resume this VM.'
}

function cleanWords(reports: readonly Report[], findings: readonly Finding[]): string {
  const known = reports.every(({ whole }) => whole) ? '' : ' as far as can be known'
  const sure = reports.some(({ unread }) => unread > 0) ? ' as far as it was looked at' : known
  const leftovers = findings.filter(({ severity }) => severity === 'latent').length
  return leftovers === 0 ? `Restores cleanly${sure}.` : `Restores${sure}. ${count(leftovers, 'leftover')} do no harm now.`
}

function failureWords(reports: readonly Report[]): string {
  const { errno, stop, its } = reports.find(({ verdict }) => verdict === 'fails')!
  const where = stop === undefined ? '' : ` at ${stop.place}: ${stop.says}`
  return `The restore${reports.length > 1 ? ` of ${itsWords(its)}` : ''} fails: ${errno}${where}.`
}

function abortLines({ vmm }: Origin, reports: readonly Report[]): string[] {
  const stop = reports.find((report) => report.stop !== undefined)?.stop
  return stop === undefined ? [] : [vmmSays[vmm](strerror[stop.errno] ?? stop.errno)]
}

function harmWords(reports: readonly Report[]): string {
  const sum = (of: (report: Report) => number) => reports.reduce((total, report) => total + of(report), 0)
  const [lost, revived] = [sum((report) => report.lost), sum((report) => report.revived)]
  const [misdirected, hiddenDevices] = [sum((report) => report.misdirected), sum((report) => report.hiddenDevices)]
  const does = [
    ...(lost > 0 ? [`loses ${lost} of ${sum(({ live }) => live.events)} live events`] : []),
    ...(revived > 0 ? [`brings back ${lost > 0 ? count(revived, 'dead one') : count(revived, 'dead event')}`] : []),
    ...(misdirected > 0 ? [`misdirects ${count(misdirected, 'event')}`] : []),
    ...(hiddenDevices > 0 ? [`perhaps loses ${count(hiddenDevices, 'device')}`] : []),
  ]
  return does.length === 0 ? '' : `, and ${does.join(' and ')}`
}

/** Commands to run next, with what they are for. */
function nextSteps(file: string, reports: readonly Report[]): (readonly [run: string, why: string])[] {
  const findings = reports.flatMap((report) => report.findings)
  const [first] = findings
  const safe = findings.some(({ fix }) => fix.safe && fix.writes.length > 0)
  const troubled = reports.find(({ verdict }) => verdict !== 'restores')
  const its = reports.length > 1 && troubled !== undefined ? ` --its ${troubled.its.index}` : ''
  return [
    safe
      ? [`vits repair -p ${shellWord(file)} -o ${shellWord(fixedName(file))}`, 'write a repaired copy']
      : [`vits repair -n ${shellWord(file)}`, 'see what can be mended'],
    ...(first === undefined ? [] : [[`vits explain ${first.code}`, 'what this is and why it happens'] as const]),
    [`vits show ${shellWord(file)} --view guest${its}`, 'what the guest has mapped'],
  ]
}

/** `vm.mig.zst` is repaired as `vm.fixed.mig`. */
function fixedName(file: string): string {
  const plain = file.replace(/\.(zst|gz)$/, '')
  const dot = plain.lastIndexOf('.')
  return dot > plain.lastIndexOf('/') + 1 ? `${plain.slice(0, dot)}.fixed${plain.slice(dot)}` : `${plain}.fixed`
}

function hints(lines: readonly (readonly [run: string, why: string])[]): string[] {
  const width = Math.max(...lines.map(([run]) => run.length)) + 4
  return lines.map(([run, why]) => `  ${run.padEnd(width)}${why}`)
}

/** What a VMM prints when KVM refuses the tables. */
const vmmSays: Readonly<Record<Origin['vmm'], (error: string) => string>> = {
  qemu: (error) => `QEMU aborts on load: "KVM_SET_DEVICE_ATTR failed: Group 4 attr 0x0000000000000002: ${error}".`,
}

/** strerror(3), as VMMs print errnos. */
const strerror: Readonly<Record<string, string>> = {
  EINVAL: 'Invalid argument',
  EFAULT: 'Bad address',
  EEXIST: 'File exists',
  ENOMEM: 'Cannot allocate memory',
}
