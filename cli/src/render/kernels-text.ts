import { hex, kernelSpans, releasedKernels } from '@vits/core/abi'
import {
  type CallFailure,
  type Damage,
  type EventId,
  groupKernels,
  type ItsDamage,
  type KernelGroup,
  type KernelRow,
} from '@vits/core/audit'
import type { Style } from '../style.ts'
import { count, itsWords } from './words.ts'

type Row = KernelGroup['row']

const INDENT = '      '

/**
 * What other kernels make of the VM. `all`: every one, those together that agree; else one line, if released kernels differ from the one that was asked for, and
 * whatever that one does after the restore.
 */
export function kernelLines(rows: readonly KernelRow[], asked: string, all: boolean, style: Style): string[] {
  if (all) return ['', ...groupKernels(rows).flatMap((group) => groupLines(group, style))]
  const mine = rows.find(({ kernel }) => kernel === asked)
  const others = rows.filter(
    (row) => releasedKernels.includes(row.kernel) && mine !== undefined && kernelSummary(row) !== kernelSummary(mine),
  )
  const differing = [...new Set(others.map(kernelSummary))].map((words) => {
    const names = others.filter((row) => kernelSummary(row) === words).map(({ kernel }) => kernel)
    return `  ${kernelSpans(names).join(', ')}: ${words}`
  })
  return [
    ...(mine === undefined ? [] : afterLines(mine)),
    ...(differing.length === 0 ? [] : ['', 'Other kernels differ (--kernel all):', ...differing]),
  ]
}

function groupLines({ kernels, row }: KernelGroup, style: Style): string[] {
  return [`  ${style.bold(kernelSpans(kernels).join(', '))}`, `${INDENT}${restoreWords(row)}`, ...afterLines(row)]
}

/** The verdict without the events by name. */
export function kernelSummary({ verdict, hangsOn, errno, lost, revived, misdirected, hostTrouble }: Row): string {
  const trouble = hostTrouble.length > 0 ? ', host trouble' : ''
  if (verdict === 'fails') return `fails with ${errno}${trouble}`
  if (hangsOn !== undefined) return `undecided, it hangs on ${hangsOn.join(' and ')}`
  if (verdict === 'undecided') return 'undecided, not everything was looked at'
  if (verdict === 'restores') return `restores${trouble}`
  const harm = [lost, revived, misdirected].map(({ count }, i) => [count, ['lost', 'dead ones back', 'misdirected'][i]] as const)
  const does = harm.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`)
  return `corrupts${does.length === 0 ? '' : `: ${does.join(', ')}`}${trouble}`
}

function restoreWords(row: Row): string {
  const { verdict, failure, itses } = row
  if (failure !== undefined) return `fails: ${failure.errno} from ${failure.call}${ofIts(row, failure)}, ${failure.says}`
  if (verdict !== 'corrupts') return kernelSummary(row)
  const does = itses.length === 1 ? damageWords(row) : itses.flatMap(itsDamageWords)
  return `corrupts: ${does.length === 0 ? 'interrupts go wrong' : does.join('; ')}`
}

/** `ITS 1 loses 2 devices, loses 1 collection`: DeviceIDs are each ITS's own. */
function itsDamageWords(damage: ItsDamage): string[] {
  const does = damageWords(damage)
  return does.length === 0 ? [] : [`ITS ${damage.its.index} ${does.join(', ')}`]
}

function damageWords(damage: Damage): string[] {
  const { lost, revived, misdirected, lostDevices, misplacedDevices, lostCollections, hiddenDevices } = damage
  return [
    ...(lost.count > 0 ? [`loses ${count(lost.count, 'event')} (${events(lost.first)})`] : []),
    ...(lostDevices > 0 ? [`loses ${count(lostDevices, 'device')}`] : []),
    ...(revived.count > 0 ? [`brings back ${count(revived.count, 'dead event')} (${events(revived.first)})`] : []),
    ...(misdirected.count > 0 ? [`misdirects ${count(misdirected.count, 'event')} (${events(misdirected.first)})`] : []),
    ...(misplacedDevices > 0 ? [`brings back ${count(misplacedDevices, 'device')} with another ITT`] : []),
    ...(lostCollections > 0 ? [`loses ${count(lostCollections, 'collection')}`] : []),
    ...(hiddenDevices > 0 ? [`perhaps loses interrupts of ${count(hiddenDevices, 'device')}`] : []),
  ]
}

const NAMED = 4

function events(ids: readonly EventId[]): string {
  const named = ids.slice(0, NAMED).map(([deviceId, eventId]) => `${hex(deviceId)}/${eventId}`)
  return named.join(' ') + (ids.length > NAMED ? ' …' : '')
}

/** Which ITS was called, where there are several. */
const ofIts = ({ itses }: Row, { its }: CallFailure): string =>
  itses.length > 1 && its !== undefined ? ` of ${itsWords(its)}` : ''

/** The next save, the restore of it, and the host. */
function afterLines(row: Row): string[] {
  const { save, again, hostTrouble } = row
  const says = [
    ...(save === undefined ? [] : [`the next save${ofIts(row, save)} fails: ${save.errno}, ${save.says}`]),
    ...(again === undefined ? [] : [`a restore of the next save: ${again}`]),
    ...hostTrouble.map((trouble) => `host: ${trouble}`),
  ]
  return says.map((line) => `${INDENT}${line}`)
}
