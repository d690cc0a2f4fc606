import { type ItsPlace, type ProfileId, releasedKernels } from '../abi/index.ts'
import {
  audit,
  deviceName,
  eventName,
  headReaders,
  isLoss,
  judgeKernels,
  type KernelRow,
  orphansOf,
  type Report,
  type Scene,
  scenesReopened,
} from '../audit/index.ts'
import type { Limit } from '../budget/index.ts'
import { EventSet } from '../tables/index.ts'
import { blockage } from './blockage.ts'
import { endangered } from './endangered.ts'
import { mappedIn } from './mapped-in.ts'

/**
 * What a kernel makes of a saved VM before and after a repair: the restore, and the save after it. For a kernel that follows dummy
 * heads, which is asked where a repair writes or clears some, `before` is the repair without that.
 */
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
  /** The limit of the budget that was reached, where that is the reason. */
  readonly limit?: Limit
  /** The ITS it is about, where the VM has several and it is not about all of them. */
  readonly its?: ItsPlace
}

/** A repair to be proven: the ITSes of the VM before and after it. */
export interface Claim {
  readonly before: readonly Scene[]
  readonly after: readonly Scene[]
  /** The VM as it was mended and before its heads were written or cleared; undefined where they are left as they are. */
  readonly beforeHeads?: readonly Scene[] | undefined
  /** What each released kernel makes of the VM before. */
  readonly was: () => readonly KernelRow[]
  /** Everything that could bring events back was tried: what is lost now cannot be helped. */
  readonly isExhausted: boolean
}

export interface Proof {
  readonly kernels: readonly KernelProof[]
  readonly obstacles: readonly Obstacle[]
  /** What the guest has mapped in each ITS and does not come back. */
  readonly losses: readonly EventSet[]
  /** What an audit of the repaired file says of each ITS. */
  readonly reports: readonly Report[]
}

/**
 * Restores the VM with all its ITSes before and after a repair on every kernel and saves it again, and compares with what the
 * guest has mapped.
 */
export function prove({ before, after, beforeHeads, was, isExhausted }: Claim): Proof {
  const isUnchanged = before.every((scene, i) => scene === after[i])
  // Judging every kernel costs most, and a VM that is well and unchanged needs none of it.
  if (isUnchanged && after.every((scene) => audit(scene).verdict === 'restores')) {
    return { kernels: [], obstacles: [], losses: before.map(() => new EventSet()), reports: after.map(audit) }
  }
  const reopened = isUnchanged ? after : scenesReopened(after)
  const is = isUnchanged ? was() : judgeKernels(after, releasedKernels)
  const released = releasedKernels.map((kernel, i) => ({ kernel, before: was()[i]!, after: is[i]! }))
  const kernels = [...released, ...(beforeHeads === undefined ? [] : followers(beforeHeads, after))]
  const losses = after.map((scene, i) => before[i]!.beliefs.live.without(restoredIn(scene)))
  const chosen = after[0]!.profile.id
  const hasOrphans = after.some((scene) => !orphansOf(scene).orphans.entries.isEmpty)
  const obstacles = [
    ...after.flatMap((scene, i) => [
      ...remaining(scene),
      ...(isUnchanged ? [] : remainingOnly(reopened[i]!, scene)),
      ...(isExhausted ? [] : avoidable(before[i]!, losses[i]!)),
      ...unvisited(scene),
      ...risky(before[i]!, scene),
      ...heardLater(before[i]!, scene, reopened[i]!),
    ]),
    ...kernels.flatMap((proof) =>
      proof.kernel === chosen ? [...unjudged(proof, after), ...savedOtherwise(proof, hasOrphans)] : worse(proof),
    ),
  ]
  return { kernels, obstacles, losses, reports: reopened.map(audit) }
}

/** What the heads alone change for the kernels that follow them: what else those do wrong was so before. */
function followers(before: readonly Scene[], after: readonly Scene[]): KernelProof[] {
  const [was, is] = [judgeKernels(before, headReaders), judgeKernels(after, headReaders)]
  return headReaders.map((kernel, i) => ({ kernel, before: was[i]!, after: is[i]! }))
}

/** What the restore of the kernel that is asked for brings back. */
function restoredIn({ restored: { objection, mappings } }: Scene): Pick<EventSet, 'hasDevice' | 'hasEvent'> {
  return objection === undefined ? mappings : new EventSet()
}

/** Of a VM with several ITSes, an obstacle says which one it is about. */
const about = ({ its, vm }: Scene): Pick<Obstacle, 'its'> => (vm.length > 1 ? { its } : {})

function remaining(scene: Scene): Obstacle[] {
  const { kernel, verdict, errno, stop, findings, gaps } = audit(scene)
  const obstacle = (says: string): Obstacle => ({ kernel, says, ...about(scene) })
  const blocked = blockage(findings, 'repair')
  if (blocked !== undefined) return [obstacle(`${blocked.code}: ${blocked.because}`)]
  if (verdict === 'fails') {
    const where = stop === undefined ? '' : ` at ${stop.place}: ${stop.says}`
    return [obstacle(`the restore still fails: ${errno}${where}`)]
  }
  // Losses are judged by the events themselves.
  const harm = findings.filter(({ severity, code }) => severity === 'corrupts' && !isLoss(code))
  const [gap] = gaps
  if (harm.length === 0 && gap !== undefined) return [obstacle(`${gap.code} is left: ${gap.says}`)]
  return harm.map(({ code, says }) => obstacle(`${code} is left: ${says}`))
}

/** What is left for whoever opens the repaired file, and not for those who know what it was. */
function remainingOnly(reopened: Scene, after: Scene): Obstacle[] {
  const known = new Set(remaining(after).map(({ says }) => says))
  return remaining(reopened).filter(({ says }) => !known.has(says))
}

/** Losses that a stronger repair can mend stand in the way of a weaker one. */
function avoidable(scene: Scene, missing: EventSet): Obstacle[] {
  if (missing.isEmpty) return []
  const { devices } = scene.beliefs.history
  const tables = scene.tables.mappings
  // What a device with its MAPD has is told in full.
  const isTold = (deviceId: number) => devices.get(deviceId)?.ittAddr !== undefined
  const known = [...missing.events()].filter(([deviceId, eventId]) => isTold(deviceId) || tables.hasEvent(deviceId, eventId))
  const whole = [...missing.devices].filter((deviceId) => isTold(deviceId) || tables.hasDevice(deviceId))
  if (known.length + whole.length === 0) return []
  const [n, one] = known.length > 0 ? [known.length, 'live event'] : [whole.length, 'live device']
  const what = `${n} ${one}${n === 1 ? '' : 's'}`
  const says = `${what} would stay lost that a rebuild from the command queue may bring back`
  return [{ kernel: '', says, ...about(scene) }]
}

/** Every entry that is left and not dead must come back, those that no witness knows too. */
function unvisited(scene: Scene): Obstacle[] {
  const { kernel, verdict } = audit(scene)
  if (verdict === 'fails' || scene.restored.objection !== undefined) return []
  const { orphans } = orphansOf(scene)
  const left = mappedIn(scene.tables.mappings).without(restoredIn(scene))
  const devices = [...left.devices].filter((deviceId) => !orphans.hasDevice(deviceId)).length
  const events = [...left.events()].filter(([deviceId, eventId]) => !orphans.hasEvent(deviceId, eventId)).length
  if (devices + events === 0) return []
  const says = `the restore does not come to ${devices} devices and ${events} events that are left`
  return [{ kernel, says, ...about(scene) }]
}

/** Nobody has disproved these, and their drivers wait for them. */
function risky(before: Scene, after: Scene): Obstacle[] {
  const taken = endangered(before, after)
  const [event] = taken.events()
  const [device] = taken.devices
  const obstacle = (name: string, count: number, because: string): Obstacle => {
    const more = count > 1 ? ` and ${count - 1} more` : ''
    return { kernel: '', says: `it would take out ${name}${more}: ${because}`, ...about(after) }
  }
  return [
    ...(event === undefined
      ? []
      : [obstacle(eventName(...event), taken.eventCount, 'nobody knows it to be dead, and its LPI is enabled')]),
    ...(device === undefined ? [] : [obstacle(deviceName(device), taken.devices.size, 'nobody knows it to be dead')]),
  ]
}

/**
 * The tables decide which commands of a queue that has lost its beginning are believed: with a repair in them, the queue may name as
 * mapped what nobody had named and the repair has taken out.
 */
function heardLater(before: Scene, after: Scene, reopened: Scene): Obstacle[] {
  const missing = reopened.beliefs.live.without(before.beliefs.live).without(restoredIn(after))
  if (missing.isEmpty) return []
  const had = mappedIn(before.tables.mappings)
  const taken = had.without(had.without(missing))
  const [event] = taken.events()
  const [device] = taken.devices
  const name = event !== undefined ? eventName(...event) : device !== undefined ? deviceName(device) : undefined
  if (name === undefined) return []
  const says = `it would take out ${name}, and the queue names it as mapped once the repair is in the tables`
  return [{ kernel: '', says, ...about(after) }]
}

/** The kernel that is asked for was not judged, though nothing of the tables was left out; or not the same both ways. */
function unjudged({ kernel, after }: KernelProof, scenes: readonly Scene[]): Obstacle[] {
  if (after.verdict !== 'undecided' || scenes.some((scene) => audit(scene).gaps.length > 0)) return []
  if (after.hangsOn !== undefined) {
    return [{ kernel, says: `it is unknown whether it has ${after.hangsOn.join(' and ')}, and the restore hangs on that` }]
  }
  return [{ kernel, says: 'the budget of work is spent before it is known what the next save makes of it', limit: 'work' }]
}

/** What the next save makes of entries that are left and dead. Without any, it is the kernel's own doing. */
function savedOtherwise({ kernel, after }: KernelProof, hasOrphans: boolean): Obstacle[] {
  if (after.again === undefined || !hasOrphans) return []
  return [{ kernel, says: `the save after the restore comes back otherwise: ${after.again}` }]
}

function worseWords({ verdict, errno, lost }: KernelRow): string {
  if (verdict === 'fails') return `the restore would fail: ${errno}`
  return verdict === 'undecided' ? 'it would read more than was looked at' : `${lost.count} live events would be lost`
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
      says: worseWords(after),
    },
  ]
}
