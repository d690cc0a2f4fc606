import { hex, inferredRegisters, itsCount } from '@vits/core/abi'
import { headline, problemRow, type Report, type Verdict, type WhyHang, whyHang, worst } from '@vits/core/audit'
import type { Checked } from '@vits/core/documents'
import type { SavedMachine } from '@vits/core/formats'
import { printable } from '../printable.ts'
import type { Style } from '../style.ts'
import { findingsLines } from './finding-text.ts'
import { fit, paragraph, titleLines } from './layout.ts'
import { looksLines } from './looks-text.ts'
import { verdictLines } from './verdict-text.ts'
import { viewLines } from './view-lines.ts'
import { count, itsWords } from './words.ts'

/** What is said of a check besides what is always said. */
export interface ReportOptions {
  /** What other kernels make of the VM, in lines. */
  readonly kernels: readonly string[]
  /** The rule by which each witness speaks. */
  readonly rules: boolean
  /** What a guest would hang by, the surest first, and nothing else. */
  readonly byHang: boolean
  /** Which kernel was judged, and why that one. */
  readonly judged?: string
  /** The other files of the VM, as the next command has to name them. */
  readonly more?: readonly string[]
}

/**
 * What `vits check` prints for one file: what happens to which device, what the file is, three views, each problem, the verdict and
 * what to do next.
 */
export function reportText(checked: Checked, { kernels, rules, byHang, judged, more = [] }: ReportOptions, style: Style): string {
  const { file, machine, reports } = checked
  const isHidden = reports.some(({ stop }) => stop !== undefined)
  const verdict = worst(reports.map((report) => report.verdict))
  const isWell = verdict === 'restores'
  const why = byHang ? whyHang(reports) : undefined
  const isGood = isWell && (why === undefined || why.findings.length === 0)
  const told = (report: Report) =>
    why === undefined ? report.findings : why.findings.flatMap((one) => (one.report === report ? one.finding : []))
  const says = paragraph(why?.answer ?? headline(reports, checked.kernels), style)
  const lines = [
    ...says.map(isGood ? style.good : style.bad),
    ...(judged === undefined ? [] : [judged]),
    ...titleLines(style.bold(printable(file)), printable(summary(machine, reports)), style),
    ...inferredLines(machine, style),
    '',
    ...reports.flatMap((report) => [...itsHeading(report, reports.length, style), ...viewLines(report), '']),
    ...reports.flatMap((report) => {
      const its = reports.length > 1 ? report.its : undefined
      return findingsLines(told(report), { names: report.names, hidden: isHidden, its, rules, style })
    }),
    ...othersLines(why),
    ...verdictLines({ file, more, machine, reports }, style),
    ...unsettledLines(reports),
    ...(isWell || verdict === 'undecided' ? looksLines(checked, style) : []),
    ...kernels,
    '',
  ]
  return fit(lines.join('\n'), style)
}

/** What is unknown of the kernel where that makes no difference; where it makes one, a finding tells. */
function unsettledLines(reports: readonly Report[]): string[] {
  const { unsettled } = reports[0]!
  if (unsettled.length === 0 || reports.some(({ gaps }) => gaps.some(({ code }) => problemRow(code).ofKernel))) return []
  return [
    `The same with and without ${unsettled.join(' and ')}: whether the kernel has ${unsettled.length === 1 ? 'it' : 'them'} is unknown.`,
  ]
}

function othersLines(why: WhyHang | undefined): string[] {
  if (why === undefined || why.others === 0) return []
  const words = count(why.others, 'finding by which no guest hangs is', 'findings by which no guest hangs are')
  return [`${words} not shown (vits check without --why-hang shows all).`, '']
}

function summary({ format, machine, ranges, registers }: SavedMachine, reports: readonly Report[]): string {
  const mib = ranges.reduce((sum, { bytes }) => sum + bytes, 0) / 2 ** 20
  const ram = mib >= 1024 && mib % 1024 === 0 ? `${mib / 1024} GiB` : `${Number(mib.toFixed(2))} MiB`
  const bases = reports.flatMap(({ its: { base } }) => (base === undefined ? [] : [hex(base)]))
  return [
    `${format} (${machine})`,
    count(reports[0]?.vcpus ?? 0, 'vCPU'),
    ram,
    `${count(itsCount(registers), 'ITS', 'ITSes')}${bases.length === 0 ? '' : ` at ${bases.join(', ')}`}`,
  ].join(' · ')
}

/** What the registers are that the file does not have. */
function inferredLines({ registers }: SavedMachine, style: Style): string[] {
  const from = inferredRegisters(registers)
  return from === undefined ? [] : paragraph(`Registers: ${from}.`, style)
}

/** Above the views of one ITS of several. */
function itsHeading({ its, verdict }: Report, of: number, style: Style): string[] {
  return of === 1 ? [] : [`${style.bold(itsWords(its))}  ${itsVerdict[verdict]}`]
}

const itsVerdict: Readonly<Record<Verdict, string>> = {
  restores: 'restores',
  corrupts: 'restores, but wrongly',
  fails: 'the restore fails here',
  undecided: 'undecided',
}
