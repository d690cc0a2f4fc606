import { type ItsPlace, inferredRegisters, releasedKernels } from '../abi/index.ts'
import { lpiConfigurations } from '../tables/index.ts'
import type { Finding } from './finding.ts'
import type { KernelRow } from './kernels.ts'
import { type QueueState, queueStates } from './notifications.ts'
import { pendingState } from './pending-state.ts'
import { type LookSubject, problemRow } from './problems/index.ts'
import type { Scene } from './scene.ts'
import { counted } from './words.ts'

/**
 * What came of looking: nothing wrong; only what does no harm now; a problem; not all could be looked at, or known; nothing was looked
 * at.
 */
export type LookOutcome = 'well' | 'noted' | 'wrong' | 'in part' | 'not looked at'

/** One thing that was looked at, or was not. */
export interface Look {
  readonly subject: LookSubject
  readonly outcome: LookOutcome
  /** What it is, as a part of a sentence: `9 devices and 22 events in the tables`. */
  readonly what: string
  /** Why it is known in part, or was not looked at. */
  readonly why?: string
}

/** `what the guest has mapped (no witness knows all of it)`. */
export const lookWords = ({ what, why }: Pick<Look, 'what' | 'why'>): string => (why === undefined ? what : `${what} (${why})`)

/** A look at a VM: of one of its ITSes, or at all of it. */
export interface VmLook extends Omit<Look, 'subject'> {
  readonly subject: LookSubject | 'kernels'
  /** The ITS, where there are several and it is about one of them. */
  readonly its?: number
}

/** All that was looked at of a VM; `kernels`: those that were asked what they make of it. */
export function vmLooks(
  reports: readonly { readonly its: ItsPlace; readonly looks: readonly Look[] }[],
  kernels: readonly Pick<KernelRow, 'kernel' | 'verdict'>[],
): readonly VmLook[] {
  const ofIts = ({ subject }: Look) => reports.length > 1 && !ofWholeVm.includes(subject)
  const looks = reports.flatMap(({ its, looks }) =>
    looks.map((look): VmLook => (ofIts(look) ? { ...look, its: its.index, what: `${look.what} of ITS ${its.index}` } : look)),
  )
  return kernels.length === 0 ? looks : [...looks, kernelsLook(kernels)]
}

const ofWholeVm: readonly LookSubject[] = ['pending', 'notifications']

function kernelsLook(rows: readonly Pick<KernelRow, 'kernel' | 'verdict'>[]): VmLook {
  const released = rows.filter(({ kernel }) => releasedKernels.includes(kernel))
  const good = released.filter(({ verdict }) => verdict === 'restores').length
  const undecided = released.filter(({ verdict }) => verdict === 'undecided').length
  const what = `the restore on ${counted(released.length, 'kernel')}`
  if (good === 0 && undecided > 0)
    return { subject: 'kernels', outcome: 'in part', what, why: `undecided on ${undecided} of them` }
  if (good === released.length) return { subject: 'kernels', outcome: 'well', what }
  return { subject: 'kernels', outcome: good === 0 ? 'wrong' : 'noted', what: `${what}, of which ${good} restore it cleanly` }
}

/** To what problems with that letter belong; those with another bound a report, and are told by the look that they bound. */
const subjectOf: Readonly<Record<string, LookSubject>> = {
  R: 'registers',
  C: 'tables',
  D: 'tables',
  I: 'tables',
  L: 'pending',
  N: 'notifications',
}

const belongsTo = (subject: LookSubject) => (finding: Finding) =>
  (problemRow(finding.code).look ?? subjectOf[finding.code.charAt(0)]) === subject

/** What an audit of this ITS looked at, and what came of it. */
export function looksOf(scene: Scene, findings: readonly Finding[]): readonly Look[] {
  const looks = [registersLook(scene), tablesLook(scene), guestLook(scene), configurationLook(scene)]
  const all = scene === scene.vm[0] ? [...looks, pendingLook(scene), notificationsLook(scene)] : looks
  return all.map((look) => withFindings(look, findings.filter(belongsTo(look.subject))))
}

/** A problem is worse than not knowing all. */
function withFindings(look: Look, findings: readonly Finding[]): Look {
  if (findings.some(({ severity }) => severity === 'fails' || severity === 'corrupts')) return { ...look, outcome: 'wrong' }
  return look.outcome === 'well' && findings.length > 0 ? { ...look, outcome: 'noted' } : look
}

function registersLook({ registers }: Scene): Look {
  const why = inferredRegisters(registers)
  const look = { subject: 'registers', outcome: why === undefined ? 'well' : 'in part', what: 'the registers' } as const
  return why === undefined ? look : { ...look, why }
}

function tablesLook({ tables: { mappings }, areTablesCut, unread, missing }: Scene): Look {
  const [devices, events] = [mappings.devices.length, mappings.events.length]
  const what = `${counted(devices, 'device')} and ${counted(events, 'event')} in the tables`
  const look = { subject: 'tables', what } as const
  if (areTablesCut) return { ...look, outcome: 'in part', why: 'they are larger than what may be looked at' }
  if (unread.count > 0) return { ...look, outcome: 'in part', why: 'the file does not tell where all of RAM is' }
  if (missing.length > 0) return { ...look, outcome: 'in part', why: 'the file does not hold all of their pages' }
  return { ...look, outcome: 'well' }
}

function guestLook({ beliefs }: Scene): Look {
  if (beliefs.disputed.length > 0) {
    return { subject: 'guest', outcome: 'in part', what: 'what the guest has mapped', why: 'witnesses disagree' }
  }
  if (!beliefs.isWhole) {
    return { subject: 'guest', outcome: 'in part', what: 'what the guest has mapped', why: 'no witness knows all of it' }
  }
  return { subject: 'guest', outcome: 'well', what: 'all that the guest has mapped' }
}

/** The configuration of the LPIs that live events have. */
function configurationLook({ memory, registers, beliefs, tables: { mappings } }: Scene): Look {
  let [enabled, disabled, unread] = [0, 0, 0]
  const configuration = lpiConfigurations(memory, registers)
  for (const [deviceId, eventId] of beliefs.live.events()) {
    const row = mappings.row(deviceId, eventId)
    const lpi = row < 0 ? beliefs.target(deviceId, eventId).lpi : mappings.events.lpi[row]
    if (lpi === undefined) continue
    const { isEnabled } = configuration(lpi)
    if (isEnabled === undefined) unread++
    else if (isEnabled) enabled++
    else disabled++
  }
  const off = disabled === 0 ? '' : ` (${disabled} disabled by the guest)`
  const look = {
    subject: 'configuration',
    what: `the configuration of ${counted(enabled + disabled + unread, 'live LPI')}${off}`,
  } as const
  return unread === 0 ? { ...look, outcome: 'well' } : { ...look, outcome: 'in part', why: `${unread} of them could not be read` }
}

function pendingLook(scene: Scene): Look {
  const { vcpus, isWhole } = pendingState(scene)
  const pending = vcpus.reduce((sum, { lpis }) => sum + lpis.length, 0)
  const unread = vcpus.filter((vcpu) => vcpu.unread !== undefined).length
  const what = `the pending bits of ${counted(vcpus.length, 'vCPU')}, ${pending === 0 ? 'none' : pending} set`
  const look = { subject: 'pending', what } as const
  if (unread === vcpus.length) return { ...look, outcome: 'not looked at', why: 'the pending tables could not be read' }
  if (unread > 0) return { ...look, outcome: 'in part', why: `of ${counted(unread, 'vCPU')} they could not be read` }
  return isWhole ? { ...look, outcome: 'well' } : { ...look, outcome: 'in part', why: 'not every event is known' }
}

/** Of virtqueues alone: what other devices have to tell, their own state would have to say. */
function notificationsLook({ vm, virtio, msi, names }: Scene): Look {
  const states = vm.flatMap(queueStates).filter(({ ring }) => !('unjudged' in ring) || ring.unjudged !== 'unset')
  const told = states.filter(tells).length
  const look = { subject: 'notifications', what: `the notifications of ${counted(told, 'virtqueue')}` } as const
  if (told === 0) {
    const why = states.length === 0 ? 'the file tells of none in use' : whyNoneTells(states)
    return { ...look, outcome: 'not looked at', what: 'the notifications of virtqueues', why }
  }
  const untold = states.length - told + virtio.filter((device) => device.unread !== undefined).length
  if (untold > 0) return { ...look, outcome: 'in part', why: `of ${counted(untold, 'other')} nothing can be told` }
  const isVirtio = new Set(virtio.map(({ name }) => name))
  const others = msi.filter(({ name, enabled, deviceId }) => enabled && !isVirtio.has(name) && !names.isOfBus(deviceId))
  return others.length === 0
    ? { ...look, outcome: 'well' }
    : { ...look, outcome: 'in part', why: `not of ${counted(others.length, 'device')} without virtqueues` }
}

function whyNoneTells(states: readonly QueueState[]): string {
  if (states.some(({ ring }) => !('unjudged' in ring))) return 'their rings do not tell what the drivers have seen'
  const areUncounted = states.every(({ ring }) => 'unjudged' in ring && ring.unjudged === 'uncounted')
  return areUncounted ? 'how far the devices had come in their rings was not saved' : 'their rings are not in the file'
}

/** A ring tells whether an interrupt was lost by the index that its driver asked to be told of; one that asks for none can lose none. */
function tells({ ring, role }: QueueState): boolean {
  if ('unjudged' in ring) return false
  return ring.asked.by === 'flag' ? !ring.asked.wants : role.kept !== true
}
