import type { DeviceNames } from './device-names.ts'
import type { Finding } from './finding.ts'
import { entryWords, harmedOf, unseenWords } from './headline.ts'
import { lookWords } from './looks.ts'
import { type Hang, hangs, problemRow } from './problems/index.ts'
import type { Report } from './report.ts'
import { capital } from './words.ts'

/** A finding by which a guest may hang after a restore, or does not come back at all. */
export interface HangingFinding {
  readonly report: Report
  readonly finding: Finding
  readonly hang: Hang
}

/** Why a guest would hang after a restore: the answer in a sentence or two, and what speaks for it, the surest first. */
export interface WhyHang {
  readonly answer: string
  readonly findings: readonly HangingFinding[]
  /** Findings by which no guest hangs. */
  readonly others: number
}

/** How a guest hangs by a finding after a restore; undefined where it does not. */
export function hangOf({ code, severity, effect }: Finding, names: DeviceNames): Hang | undefined {
  const { hang } = problemRow(code)
  if (severity === 'fails') return 'stops'
  if (effect.lost.count > 0) return effect.lost.first.every(([deviceId]) => names.isOfBus(deviceId)) ? 'bus' : 'lost'
  if (hang === 'missed') return severity === 'corrupts' ? 'missed' : 'perhaps'
  if (hang === 'disabled' || (hang !== undefined && severity !== 'latent')) return hang
  // A device without an event waits for nothing until its driver sets one up.
  return effect.lostDevices > 0 ? 'perhaps' : undefined
}

/** Orders what an audit found by what a hang would look like. */
export function whyHang(reports: readonly Report[]): WhyHang {
  const all = reports.flatMap((report) => report.findings.map((finding) => ({ report, finding })))
  const hanging = all.flatMap(({ report, finding }): HangingFinding[] => {
    const hang = hangOf(finding, report.names)
    return hang === undefined ? [] : [{ report, finding, hang }]
  })
  const findings = [...hanging].sort((a, b) => hangs.indexOf(a.hang) - hangs.indexOf(b.hang))
  return { answer: answerOf(reports, findings), findings, others: all.length - findings.length }
}

function answerOf(reports: readonly Report[], findings: readonly HangingFinding[]): string {
  const failing = reports.find(({ verdict }) => verdict === 'fails')
  const first = findings.find(({ hang }) => hang !== 'stops')
  const waits = first === undefined ? undefined : hangSentence(reports, first)
  if (failing !== undefined) {
    const { errno, stop } = failing
    const where = stop === undefined ? '' : ` at ${entryWords(failing)}`
    const then = waits === undefined ? '' : ` Once that is mended: ${waits.charAt(0).toLowerCase()}${waits.slice(1)}`
    return `This guest does not hang, it does not come back at all: ${errno}${where}.${then}`
  }
  return waits ?? nothingFound(reports)
}

/** What was not looked at is said, and what is not known whole. */
function nothingFound(reports: readonly Report[]): string {
  if (reports.some(({ gaps }) => gaps.length > 0)) return `Nothing found that would hang this guest, and ${unseenWords(reports)}.`
  const looks = reports.flatMap((report) => report.looks)
  const inPart = looks.filter(({ outcome }) => outcome === 'in part').map(lookWords)
  const never = looks.filter(({ outcome }) => outcome === 'not looked at').map(lookWords)
  return [
    'Nothing found that would hang this guest after a restore.',
    ...(inPart.length > 0 ? [`Known in part: ${[...new Set(inPart)].join('; ')}.`] : []),
    ...(never.length > 0 ? [`Not looked at: ${[...new Set(never)].join('; ')}.`] : []),
  ].join(' ')
}

function hangSentence(reports: readonly Report[], { report, finding, hang }: HangingFinding): string {
  const { deviceId, says } = finding
  const subject = deviceId === undefined ? undefined : capital(report.names.subject(deviceId))
  switch (hang) {
    case 'stops':
      return says
    case 'lost':
      return lostSentence(reports, report, finding)
    case 'missed':
      return missedSentence(reports, says)
    case 'astray':
      return `${subject === undefined ? 'A device' : subject} may wait for ever: its interrupts come as others. ${says}`
    case 'disabled':
      return `Devices may wait for ever: ${says}`
    case 'perhaps':
      return `${subject === undefined ? 'The guest' : subject} may wait for ever: ${says}`
    case 'bus':
      return `No input or output waits for ever, but ${report.names.subject(finding.effect.lost.first[0]![0])} loses its interrupts: hot-plugging and errors of the bus go untold.`
  }
}

function missedSentence(reports: readonly Report[], says: string): string {
  const [worst, ...others] = harmedOf(reports).filter(({ harm }) => harm.waitsFor > 0)
  if (worst === undefined) return says
  const { report, harm } = worst
  const which = harm.waitsFor === 1 ? 'an interrupt that was lost' : `${harm.waitsFor} interrupts that were lost`
  const more =
    others.length === 0 ? '' : `, and ${others.length} more ${others.length === 1 ? 'device waits' : 'devices wait'} too`
  return `${capital(report.names.subject(harm.deviceId))} waits for ever for ${which}${more}.`
}

/** Of all that is lost, the device that it is worst to lose. */
function lostSentence(reports: readonly Report[], { names }: Report, { effect, says }: Finding): string {
  const harmed = harmedOf(reports).filter(({ harm }) => harm.lost > 0)
  const [worst] = harmed
  if (worst !== undefined) {
    const { report, harm } = worst
    const which = harm.lost >= harm.live ? 'its interrupts do' : `${harm.lost} of its ${harm.live} interrupts do`
    return `${capital(report.names.subject(harm.deviceId))} waits for ever: ${which} not come back${andMore(harmed.length - 1)}.`
  }
  const lost = [...new Set(effect.lost.first.map(([deviceId]) => deviceId))].sort((a, b) => names.rank(a) - names.rank(b))
  const [deviceId] = lost
  if (deviceId === undefined) return `Every device waits for ever: ${says}`
  return `${capital(names.subject(deviceId))} waits for ever: interrupts of it do not come back${andMore(Math.max(effect.lostDevices, lost.length) - 1)}.`
}

const andMore = (others: number): string =>
  others <= 0 ? '' : `, nor do those of ${others} more ${others === 1 ? 'device' : 'devices'}`
