import { type ProfileId, releasedKernels, savedIts } from '../abi/index.ts'
import {
  type AuditInput,
  type EventId,
  isLoss,
  judgeKernels,
  type KernelRow,
  type Report,
  readHistory,
  viewFrom,
} from '../audit/index.ts'
import { MappedEvents } from './mapped-events.ts'

/** What a kernel makes of a saved VM before and after a repair: the restore, and the save after it. */
export interface KernelProof {
  readonly kernel: ProfileId
  readonly before: KernelRow
  readonly after: KernelRow
}

/** A reason for which a repaired file must not be written. */
export interface Obstacle {
  /** The kernel that shows it; empty when none has to. */
  readonly kernel: ProfileId | ''
  readonly says: string
}

export interface Proof {
  readonly kernels: readonly KernelProof[]
  readonly obstacles: readonly Obstacle[]
  readonly lost: readonly EventId[]
  readonly lostDevices: readonly number[]
}

/**
 * Restores the VM before and after a repair on every kernel and saves it again, and compares with what the guest has mapped.
 * `exhausted`: everything that could bring events back was tried, so what is lost now cannot be helped.
 */
export function prove(input: AuditInput, repaired: AuditInput, before: Report, after: Report, exhausted: boolean): Proof {
  // Judging every kernel is the dearest part, and a VM that is well and unchanged needs none of it.
  if (before === after && after.verdict === 'restores') return { kernels: [], obstacles: [], lost: [], lostDevices: [] }
  const was = judgeKernels(input, releasedKernels)
  const is = before === after ? was : judgeKernels(repaired, releasedKernels)
  const kernels = releasedKernels.map((kernel, i) => ({ kernel, before: was[i]!, after: is[i]! }))
  const missing = MappedEvents.of(viewFrom(input, 'guest')).without(MappedEvents.of(viewFrom(repaired, 'restored')))
  const chosen = before.kernel
  const obstacles = [
    ...remaining(chosen, after),
    ...avoidable(input, missing, exhausted),
    ...unvisited(chosen, repaired, after),
    ...kernels.flatMap((proof) => (proof.kernel === chosen ? savedOtherwise(proof, after) : worse(proof))),
  ]
  return { kernels, obstacles, lost: [...missing.events()], lostDevices: [...missing.devices] }
}

function remaining(kernel: ProfileId, { verdict, errno, stop, findings, revived }: Report): Obstacle[] {
  if (verdict === 'fails') {
    const where = stop === undefined ? '' : ` at ${stop.place}: ${stop.says}`
    return [{ kernel, says: `the restore still fails: ${errno}${where}` }]
  }
  // Losses are judged by the events themselves.
  const harm = findings.filter(({ severity, code }) => severity === 'corrupts' && !isLoss(code))
  if (harm.length === 0 && revived > 0) return [{ kernel, says: `the restore still brings back ${revived} dead events` }]
  return harm.map(({ code, says }) => ({ kernel, says: `${code} is left: ${says}` }))
}

/** Losses that a stronger repair can mend stand in the way of a weaker one. */
function avoidable(input: AuditInput, missing: MappedEvents, exhausted: boolean): Obstacle[] {
  if (exhausted || missing.isEmpty) return []
  const { devices } = readHistory(input.memory, savedIts(input.registers, input.its))
  const tables = MappedEvents.of(viewFrom(input, 'tables'))
  const known = [...missing.events()].filter(([deviceId, eventId]) => {
    const device = devices.get(deviceId)
    const told = device?.ittAddr !== undefined && device.events.get(eventId)?.lpi !== undefined
    return told || tables.hasEvent(deviceId, eventId)
  })
  const whole = [...missing.devices].filter(
    (deviceId) => devices.get(deviceId)?.ittAddr !== undefined || tables.hasDevice(deviceId),
  )
  if (known.length + whole.length === 0) return []
  const [n, one] = known.length > 0 ? [known.length, 'live event'] : [whole.length, 'live device']
  const what = `${n} ${one}${n === 1 ? '' : 's'}`
  return [{ kernel: '', says: `${what} would stay lost that a rebuild from the command queue may bring back` }]
}

/** Every entry that is left and not dead must come back, those that no witness knows too. */
function unvisited(kernel: ProfileId, repaired: AuditInput, { orphans, verdict }: Report): Obstacle[] {
  if (verdict === 'fails') return []
  const kept = MappedEvents.of(viewFrom(repaired, 'tables')).without(new MappedEvents(orphans.devices, orphans.events))
  const left = kept.without(MappedEvents.of(viewFrom(repaired, 'restored')))
  if (left.isEmpty) return []
  return [
    { kernel, says: `the restore does not come to ${left.devices.size} devices and ${left.eventCount} events that are left` },
  ]
}

/** What the next save makes of entries that are left and dead. Without any, it is the kernel's own doing. */
function savedOtherwise({ kernel, after }: KernelProof, { orphans }: Report): Obstacle[] {
  if (after.again === undefined || orphans.devices.length + orphans.events.length === 0) return []
  return [{ kernel, says: `the save after the restore comes back otherwise: ${after.again}` }]
}

/**
 * A repair for one kernel must not harm another: make it fail or corrupt where it did not, or corrupt in silence where it
 * failed. What an old kernel makes of every save of such a VM is not the repair's doing.
 */
function worse({ kernel, before, after }: KernelProof): Obstacle[] {
  if (after.revived.count > 0) return [{ kernel, says: `${after.revived.count} dead events come back` }]
  const fell = before.verdict === 'restores' && after.verdict !== 'restores'
  const loses = after.verdict === 'corrupts' && after.lost.count > (before.verdict === 'corrupts' ? before.lost.count : 0)
  if (!fell && !loses) return []
  return [
    {
      kernel,
      says:
        after.verdict === 'fails' ? `the restore would fail: ${after.errno}` : `${after.lost.count} live events would be lost`,
    },
  ]
}
