import { type ProfileId, releasedKernels } from '../abi/index.ts'
import type { DeviceHarm } from './device-harm.ts'
import { gapWords } from './gaps.ts'
import type { KernelRow } from './kernels.ts'
import { itsName } from './names.ts'
import type { Report } from './report.ts'
import { worst } from './verdict.ts'
import { capital, counted } from './words.ts'

/** A device that is harmed, with the report that says so. */
export interface Harmed {
  readonly report: Report
  readonly harm: DeviceHarm
}

/** The devices of all ITSes that a restore harms, the worst first. */
export const harmedOf = (reports: readonly Report[]): readonly Harmed[] =>
  // Of several ITSes the one with the worst verdict and the most lost events comes first; each is in its own order already.
  [...reports].sort((a, b) => b.lost - a.lost).flatMap((report) => report.harmed.map((harm) => ({ report, harm })))

/** What the next restore does, in one sentence: to which device, as people call it, what, and on which kernel. */
export function headline(reports: readonly Report[], kernels: readonly KernelRow[]): string {
  const verdict = worst(reports.map((report) => report.verdict))
  const on = onKernel(reports[0]!.kernel, kernels)
  switch (verdict) {
    case 'fails':
      return failureSentence(reports, on)
    case 'corrupts':
      return harmSentence(reports, on)
    case 'undecided':
      return `Undecided ${on}: ${unseenWords(reports)}.`
    case 'restores':
      return wellSentence(reports, on)
  }
}

/** `not everything was looked at (the budget of work is spent)`. */
export const unseenWords = (reports: readonly Pick<Report, 'gaps'>[]): string => gapWords(reports.flatMap(({ gaps }) => gaps))

/** `on linux-7.3`, or on all kernels where they do the same. */
function onKernel(asked: ProfileId, rows: readonly KernelRow[]): string {
  const released = rows.filter(({ kernel }) => releasedKernels.includes(kernel))
  const mine = rows.find(({ kernel }) => kernel === asked)
  const isSame =
    mine !== undefined && released.length === releasedKernels.length && released.every((row) => comesToTheSame(row, mine))
  return isSame ? 'on every known kernel' : `on ${asked}`
}

const comesToTheSame = (a: KernelRow, b: KernelRow): boolean =>
  a.verdict === b.verdict &&
  a.errno === b.errno &&
  a.lost.count === b.lost.count &&
  a.revived.count === b.revived.count &&
  a.misdirected.count === b.misdirected.count

function failureSentence(reports: readonly Report[], on: string): string {
  const report = reports.find(({ verdict }) => verdict === 'fails')!
  const { errno, stop, findings } = report
  const its = reports.length > 1 ? itsName(report.its) : ''
  const where = stop === undefined ? `: ${findings[0]?.says ?? 'the registers.'}` : ` at ${entryWords(report)}${its}.`
  return `Does not come back ${on}: ${errno}${where}`
}

/** `a stale entry of the disk at 52:00.0`, `collection 3`. */
export function entryWords({ stop, names, orphans }: Report): string {
  const { deviceId, eventId, place } = stop!
  if (deviceId === undefined) return place
  const isStale =
    orphans.devices.includes(deviceId) || orphans.events.some(([device, event]) => device === deviceId && event === eventId)
  return `${isStale ? 'a stale entry' : 'an entry'} of ${names.subject(deviceId)}`
}

function harmSentence(reports: readonly Report[], on: string): string {
  const [worstOne, ...others] = harmedOf(reports)
  if (worstOne === undefined) {
    const finding = reports.flatMap(({ findings }) => findings).find(({ severity }) => severity === 'corrupts')
    return `Interrupts go wrong ${on}${finding === undefined ? '.' : `: ${finding.says}`}`
  }
  const { report, harm } = worstOne
  const subject = report.names.subject(harm.deviceId)
  const its = reports.length > 1 ? itsName(report.its) : ''
  return `${capital(subject)}${its} ${harmWords(harm)} when restored ${on}${otherWords(others)}.`
}

function otherWords(others: readonly Harmed[]): string {
  if (others.length === 0) return ''
  return others.length === 1 ? ', and 1 more device is affected' : `, and ${others.length} more are affected`
}

/** What happens to a device; its worst. */
export function harmWords({ live, lost, misdirected, revived, waitsFor, isLost, isMisplaced, isHidden }: DeviceHarm): string {
  if (lost > 0 && lost >= live) return 'loses its interrupts'
  if (lost > 0) return `loses ${lost} of its ${live} interrupts`
  if (waitsFor > 0) return `hangs for want of ${waitsFor === 1 ? 'an interrupt' : `${waitsFor} interrupts`}`
  if (misdirected > 0) return `gets ${misdirected === 1 ? 'an interrupt' : `${misdirected} interrupts`} as something else`
  if (isLost) return 'is not mapped any more'
  if (isMisplaced) return 'comes back with its table in the wrong place'
  if (isHidden) return 'perhaps loses its interrupts'
  return `gets back ${revived === 1 ? 'an interrupt' : `${revived} interrupts`} that the guest gave up,`
}

function wellSentence(reports: readonly Report[], on: string): string {
  const sum = (of: (report: Report) => number) => reports.reduce((total, report) => total + of(report), 0)
  const [devices, events] = [sum(({ live }) => live.devices), sum(({ live }) => live.events)]
  const known = reports.every(({ whole }) => whole) ? '' : ' that is known to be mapped'
  if (devices === 0)
    return `Comes back ${on}; ${known === '' ? 'the guest has no device mapped' : 'no device is known to be mapped'}.`
  return `Every device${known} keeps its interrupts ${on}: ${counted(devices, 'device')}, ${counted(events, 'interrupt')}.`
}
