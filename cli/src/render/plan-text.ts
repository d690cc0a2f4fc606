import { hex, hexWord, kernelSpans, type ProfileId, profiles } from '@vits/core/abi'
import {
  type DeviceNames,
  deviceName,
  type EntryKind,
  type EventId,
  entryFields,
  problems,
  type Report,
  unseenWords,
} from '@vits/core/audit'
import type { SavedMachine } from '@vits/core/formats'
import type { ItsPlan, KernelProof, PlannedRegister, PlannedWrite, RepairPlan } from '@vits/core/repair'
import { printable } from '../printable.ts'
import type { Style } from '../style.ts'
import { deviceLines, inBrackets } from './device-lines.ts'
import { evidenceWords } from './finding-text.ts'
import { kernelSummary } from './kernels-text.ts'
import { beside, fit, rows, titleLines } from './layout.ts'
import { count } from './words.ts'

const MOST_LISTED = 16
const MOST_PROOFS = 4

/** What `vits repair` prints before it writes: what is wrong, every word that changes and why, and the proof. */
export function planText(
  file: string,
  { format, machine }: SavedMachine,
  plan: RepairPlan,
  style: Style,
  judged?: string,
): string {
  const { itses, writes, registerWrites } = plan
  const isChanged = writes.length + registerWrites.length > 0
  const does = itses.map(({ its, before }) => (itses.length > 1 ? `ITS ${its.index}: ` : '') + verdictWords(before))
  const lines = [
    ...titleLines(style.bold(printable(file)), [printable(`${format} (${machine})`), ...does].join(' · '), style),
    ...(judged === undefined ? [] : [judged]),
    '',
    ...registerGroups(plan).flatMap((group) => registerLines(group, style)),
    ...groups(plan).flatMap((group) => groupLines(group, plan, style)),
    ...(isChanged ? proofLines(plan) : []),
    ...lossLines(plan, style),
    ...(isChanged || plan.obstacles.some(({ limit }) => limit !== undefined) ? obstacleLines(plan, style) : []),
  ]
  return fit(lines.map((line) => `${line}\n`).join(''), style)
}

/** `fails: EINVAL at DeviceID 0x5200 event 0`, `loses 3 live events, brings back 4 dead ones`. */
function verdictWords(report: Report): string {
  const { verdict, errno, stop, lost, revived, lostInterrupts } = report
  if (verdict === 'restores') return 'restores cleanly'
  if (verdict === 'undecided') return `undecided: ${unseenWords([report])}`
  if (verdict === 'fails') return `the restore fails: ${errno}${stop === undefined ? '' : ` at ${stop.place}`}`
  const does = [
    ...(lost > 0 ? [`loses ${count(lost, 'live event')}`] : []),
    ...(revived > 0 ? [`brings back ${count(revived, 'dead event')}`] : []),
    ...(lostInterrupts > 0 ? [`leaves ${count(lostInterrupts, 'lost interrupt')}`] : []),
  ]
  return `the restore ${does.length === 0 ? 'goes wrong' : does.join(', ')}`
}

/** Writes that one cause asks for, in the order in which the check lists the causes. */
function groups({ itses, writes }: RepairPlan): PlannedWrite[][] {
  const order = itses.flatMap(({ before }) => before.findings.map(({ code }): string => code))
  const codes = [...new Set(writes.map(({ code }) => code))].sort((a, b) => order.indexOf(a) - order.indexOf(b))
  return codes.map((code) => writes.filter((write) => write.code === code))
}

/** The columns before the fields of a word: its address, what it was and is, and whose it is. */
const BEFORE_FIELDS = 3

function groupLines(group: readonly PlannedWrite[], plan: RepairPlan, style: Style): string[] {
  return [
    ...causeLines(group, style),
    ...reasonGroups(group).flatMap(([why, alike]) => [
      `  ${why}${alike.length > 1 ? ` ${count(alike.length - 1, 'more', 'more')} like it.` : ''}`,
      ...rows(
        alike.map((write) => `    ${writeLine(write)}`),
        BEFORE_FIELDS,
        style,
      ),
    ]),
    ...namesLines(group, plan, style),
    ...evidenceLines(group),
    '',
  ]
}

function causeLines(group: readonly (PlannedWrite | PlannedRegister)[], style: Style): string[] {
  const { code } = group[0]!
  const title = `${code === 'seal' || code === 'rebuild' || code === 'heads' ? code : `${code} ${problems[code].slug}`}${group.length > 1 ? ` ×${group.length}` : ''}`
  return beside(style.bold(title), group.every(({ proven }) => proven) ? 'proven' : 'inferred', style)
}

/** Changes of registers, by their cause. */
function registerGroups({ registerWrites }: RepairPlan): PlannedRegister[][] {
  const codes = [...new Set(registerWrites.map(({ code }) => code))]
  return codes.map((code) => registerWrites.filter((write) => write.code === code))
}

function registerLines(group: readonly PlannedRegister[], style: Style): string[] {
  const why = new Map(group.map((write) => [write.why, group.filter((other) => other.why === write.why)]))
  return [
    ...causeLines(group, style),
    ...[...why].flatMap(([says, writes]) => [`  ${sentence(says)}`, ...writes.map((write) => `    ${registerLine(write)}`)]),
    ...evidenceLines(group),
    '',
  ]
}

/** `GICR_PENDBASER of vCPU 1  0x429e0780 -> 0x429f0780`. */
export const registerLine = ({ register, vcpuId, from, to }: PlannedRegister): string =>
  `${register} of vCPU ${vcpuId}  ${hex(from)} -> ${hex(to)}`

/** Writes whose reasons are the same sentence, with the first one's. */
function reasonGroups(group: readonly PlannedWrite[]): [string, PlannedWrite[]][] {
  const found = new Map<PlannedWrite['because'], [string, PlannedWrite[]]>()
  for (const write of group) {
    const known = found.get(write.because)
    if (known === undefined) found.set(write.because, [sentence(write.why), [write]])
    else known[1].push(write)
  }
  return [...found.values()]
}

const sentence = (words: string) => `${words[0]!.toUpperCase()}${words.slice(1)}${words.endsWith('.') ? '' : '.'}`

/** The devices whose entries change, as people know them. */
function namesLines(group: readonly PlannedWrite[], { itses }: RepairPlan, style: Style): string[] {
  return itses.flatMap(({ its, before: { names } }) => {
    const mine = group.filter((write) => write.its === its.index)
    return deviceLines(
      names,
      mine.flatMap(({ deviceId }) => deviceId ?? []),
      { heading: 'device', style },
    )
  })
}

function evidenceLines(group: readonly (PlannedWrite | PlannedRegister)[]): string[] {
  const lines = group.slice(0, MOST_PROOFS).flatMap(({ evidence = [] }) => evidence.map((one) => evidenceWords(one)))
  return [...new Set(lines)].map((line, i) => `  ${i === 0 ? 'proof ' : '      '}  ${line}`)
}

/** `0x44160040  0x80100000_0881b600 -> 0x00000000_00000000  DeviceID 0x8  V=1 next=+8 ITT=0x440db000 bits=1 -> cleared`. */
export function writeLine({ at, from, to, kind, id }: PlannedWrite): string {
  return `${hex(at)}  ${hexWord(...from)} -> ${hexWord(...to)}  ${id}  ${wordChange(kind, from, to)}`
}

function wordChange(kind: EntryKind, from: PlannedWrite['from'], to: PlannedWrite['to']): string {
  const fields = ([lo, hi]: PlannedWrite['from']) => entryFields({ kind, lo, hi })
  if (to[0] === 0 && to[1] === 0) return `${fields(from)} -> cleared`
  if (from[0] === 0 && from[1] === 0) return `empty -> ${fields(to)}`
  const [was, is] = [fields(from).split(' '), fields(to).split(' ')]
  const changed = is.filter((word, i) => word !== was[i])
  return `${fields(from)} -> ${changed.length < is.length ? changed.join(' ') : fields(to)}`
}

function proofLines({ itses, kernels, writes, registerWrites }: RepairPlan): string[] {
  const changed = [
    ...(registerWrites.length > 0 ? [count(registerWrites.length, 'register')] : []),
    ...(writes.length > 0 ? [count(writes.length, 'word')] : []),
  ]
  const words = `${changed.join(' and ')} changed, ${8 * (registerWrites.length + writes.length)} bytes.`
  if (itses.some(({ after }) => after.verdict === 'fails')) return [words, '']
  const sum = (of: (its: ItsPlan) => number) => itses.reduce((total, its) => total + of(its), 0)
  const [devices, events] = [sum(({ after }) => after.restored.devices), sum(({ after }) => after.restored.events)]
  const all = itses.every(({ after }) => after.whole)
    ? 'all that the guest has mapped'
    : 'all that the guest is known to have mapped'
  const good = kernels.filter((proof) => proof.after.verdict === 'restores').map(({ kernel }) => kernel)
  const others = kernels.filter((proof) => proof.after.verdict !== 'restores')
  return [
    `${words} ${count(devices, 'device')} and ${count(events, 'event')} come back${sum(({ lost }) => lost.length) === 0 ? `, ${all}` : ''}:`,
    ...(good.length > 0 ? [`    restored by  ${kernelSpans(good).join(', ')}`] : []),
    ...otherKernels(others),
    '',
  ]
}

/** Kernels that do not restore the result, those that answer alike on one line. */
function otherKernels(others: readonly KernelProof[]): string[] {
  const alike = new Map<string, ProfileId[]>()
  for (const { kernel, before, after } of others) {
    const [was, is] = [kernelSummary(before), kernelSummary(after)]
    const words = was === is ? `${is}, as before` : `${is} (before: ${was})`
    alike.set(words, [...(alike.get(words) ?? []), kernel])
  }
  const overrun = others.some(({ kernel, after }) => profiles[kernel].quirks['scan-overrun'] && after.errno !== 'EINVAL')
  return [
    ...[...alike].map(([words, kernels]) => `    not by       ${kernelSpans(kernels).join(', ')}: ${words}`),
    ...(overrun ? ['                 --seal rewrites the jumps that kernels before 6.0.6 run past their table with'] : []),
  ]
}

function lossLines({ itses, obstacles }: RepairPlan, style: Style): string[] {
  const [events, devices] = [itses.flatMap(({ lost }) => lost), itses.flatMap(({ lostDevices }) => lostDevices)]
  if (events.length + devices.length === 0 || obstacles.length > 0) return []
  const names = itses.flatMap(({ its, lost, lostDevices, before }) =>
    groupedEvents(lost, lostDevices, before.names).map((name) => (itses.length > 1 ? `ITS ${its.index}: ${name}` : name)),
  )
  const more = names.length > MOST_LISTED ? [`    … and ${names.length - MOST_LISTED} more devices`] : []
  const what = events.length > 0 ? count(events.length, 'event') : count(devices.length, 'device')
  return [
    style.warn(`${what} that the guest has mapped cannot be saved: it must set them up again (unbind and bind the drivers).`),
    ...names.slice(0, MOST_LISTED).map((name) => `    ${name}`),
    ...more,
    '',
  ]
}

function groupedEvents(lost: readonly EventId[], devices: readonly number[], names: DeviceNames): string[] {
  const events = new Map<number, number[]>(devices.map((deviceId) => [deviceId, []]))
  for (const [deviceId, eventId] of lost) events.set(deviceId, [...(events.get(deviceId) ?? []), eventId])
  return [...events].map(([deviceId, ids]) => {
    const name = `${deviceName(deviceId)}${inBrackets(names, deviceId)}`
    return ids.length === 0 ? name : `${name} event ${ids.join(', ')}`
  })
}

function obstacleLines({ obstacles }: RepairPlan, style: Style): string[] {
  if (obstacles.length === 0) return []
  const says = new Map<string, (ProfileId | '')[]>()
  for (const obstacle of obstacles) says.set(obstacle.says, [...(says.get(obstacle.says) ?? []), obstacle.kernel])
  const lines = [...says].map(([what, kernels]) => {
    const named = kernelSpans(kernels.filter((kernel) => kernel !== ''))
    return `    ${what}${named.length === 0 ? '' : ` (${named.join(', ')})`}`
  })
  return [style.bad('The result is not proven good and is not written:'), ...lines.slice(0, MOST_LISTED), '']
}
