import { GICR_CTLR, ID_LIMIT, type SavedVcpu, type VcpuActivity } from '../abi/index.ts'
import { lpiConfiguration, type PendingBit, pendingBit } from '../tables/index.ts'
import {
  type EventOfVector,
  eventOfVector,
  msixFunctions,
  type QueueRole,
  queueRole,
  type RingState,
  readRing,
  type Unjudged,
  type VirtioDevice,
  type Virtqueue,
} from '../virtio/index.ts'
import { proves } from './answer.ts'
import { guestKind } from './guest-kind.ts'
import { once } from './once.ts'
import { type MovedOfLate, movedOfLate } from './ring.ts'
import type { Scene } from './scene.ts'
import type { RuleOf } from './witness-rules.ts'

/** A queue that tells its driver of used buffers by an event of this ITS, and what its ring says. */
export interface QueueState {
  readonly device: VirtioDevice
  readonly queue: Virtqueue
  readonly role: QueueRole
  readonly eventId: number
  readonly ring: RingState | Unjudged
  /** Where its interrupt would be pending; undefined where none would reach the driver: no event, no vCPU, masked, or not enabled. */
  readonly interrupt: QueueInterrupt | undefined
}

/** The interrupt of a queue, which is enabled all the way. */
export interface QueueInterrupt {
  readonly lpi: number
  readonly vcpuId: number
  readonly pending: PendingBit
}

/** A queue whose driver is owed an interrupt that is not pending. */
export interface OwedInterrupt extends QueueState {
  readonly ring: RingState
  readonly interrupt: QueueInterrupt
  /** The index the driver asked to be told of, where it stands, and how far the device is past it. */
  readonly asked: Extract<RingState['asked'], { readonly by: 'index' }>
  /** What tells whether its handler was at work. */
  readonly vcpus: VcpuRule
  /** What tells whether its driver would have taken the buffers out by now. */
  readonly driver: RuleOf<'virtqueue'>
  /** No driver that is at work, or that leaves them where they are, explains it. */
  readonly isProven: boolean
}

export type VcpuRule = RuleOf<'vCPU state'>

/** The queues whose rings are in RAM that was not loaded, because more is not to be read. */
export const unreadQueues = (scene: Scene): number =>
  queueStates(scene).filter(({ ring }) => 'unjudged' in ring && ring.unjudged === 'not loaded').length

/** The queues whose events are this ITS's, in the order of the file. */
export const queueStates = (scene: Scene): readonly QueueState[] => scene.once(survey)

function survey(scene: Scene): readonly QueueState[] {
  const { virtio, its, memory } = scene
  const msix = msixFunctions(scene.msi)
  return virtio.flatMap((device) =>
    device.queues.flatMap((queue): QueueState[] => {
      const event = queue.vector === undefined ? undefined : eventOfVector(msix, device.name, queue.vector)
      if (event === undefined || event.its !== its.index) return []
      const role = queueRole(device.kind, queue.index, device.queues.length)
      const ring = readRing(memory, device, queue)
      return [{ device, queue, role, eventId: event.eventId, ring, interrupt: interruptOf(scene, device, event) }]
    }),
  )
}

function interruptOf(scene: Scene, { deviceId }: VirtioDevice, { eventId, isOn }: EventOfVector): QueueInterrupt | undefined {
  const { memory, registers, beliefs, tables } = scene
  const { mappings } = tables
  const row = mappings.row(deviceId, eventId)
  if (!isOn || row < 0 || beliefs.eventBelief(deviceId, eventId) === 'dead') return undefined
  const lpi = mappings.events.lpi[row]!
  const vcpuId = mappings.collections.get(mappings.events.icid[row]!)
  const redistributor = registers.redistributors.find((one) => one.vcpuId === vcpuId)
  if (redistributor === undefined || lpi >= ID_LIMIT || !GICR_CTLR.decode(redistributor.ctlr, 0).enableLpis) return undefined
  if (lpiConfiguration(memory, registers, lpi).isEnabled !== true) return undefined
  return { lpi, vcpuId: redistributor.vcpuId, pending: pendingBit(memory, registers, redistributor.vcpuId, lpi)! }
}

/**
 * The queues whose device is past the buffer that the driver asked to be told of, without an interrupt that is pending: it was lost, or its
 * handler was at work. `isProven` tells which of the two.
 */
export const owedInterrupts = (scene: Scene): readonly OwedInterrupt[] => scene.once(findOwed)

function findOwed(scene: Scene): readonly OwedInterrupt[] {
  const { memory, registers, saved } = scene
  const told = {
    isLinux: once(() => guestKind(memory, registers, saved) === 'Linux'),
    moved: once(() => movedOfLate(memory, saved)),
  }
  return queueStates(scene).flatMap((state): OwedInterrupt[] => {
    const { ring, interrupt, role } = state
    if (interrupt === undefined || 'unjudged' in ring || ring.asked.by !== 'index') return []
    if (ring.asked.ahead === 0 || interrupt.pending.isSet !== false || role.kept === true) return []
    const vcpus = vcpuRule(scene, state, interrupt.vcpuId, told.moved)
    const driver = role.emptied !== undefined && told.isLinux() ? 'R-virtq-emptied' : 'R-virtq-left'
    // A thread of a kernel that runs, for a driver that may leave buffers: nothing speaks for a loss.
    if (vcpus === 'R-vcpu-run' && driver === 'R-virtq-left') return []
    const isProven = proves(vcpus) && proves(driver)
    return [{ ...state, ring, interrupt, asked: ring.asked, vcpus, driver, isProven }]
  })
}

/**
 * The handler runs on the vCPU that the interrupt goes to, from when it is taken until its priority is dropped; what it leaves to others runs on
 * any, and is not done while one of them runs.
 */
function vcpuRule(scene: Scene, { device, eventId, role }: QueueState, vcpuId: number, moved: () => MovedOfLate): VcpuRule {
  const { redistributors } = scene.registers
  const vcpus = redistributors.map((_, i): SavedVcpu => scene.vcpus[i] ?? { did: 'unknown' })
  if (vcpus.every(({ did }) => did === 'waiting' || did === 'off')) return 'R-vcpu-wait'
  const target = vcpus[redistributors.findIndex((one) => one.vcpuId === vcpuId)]!
  const isBusy = target.isHandling ?? busy[target.did]
  if (role.emptied !== 'handler') {
    if (vcpus.some(({ did }) => did === 'unknown')) return 'R-vcpu-unknown'
    // Also behind a program: soft interrupts that go on for long are left to a thread, which takes turns with it.
    return target.did === 'kernel' || target.did === 'program' ? 'R-vcpu-run' : 'R-vcpu-other'
  }
  if (isBusy === undefined) return 'R-vcpu-unknown'
  if (isBusy) return 'R-vcpu-run'
  return moved()(device.deviceId, eventId) ? 'R-vcpu-other' : 'R-vcpu-target'
}

/** Whether a vCPU may be in a handler, by what it did alone. */
const busy: Readonly<Record<VcpuActivity, boolean | undefined>> = {
  kernel: true,
  program: false,
  waiting: false,
  off: false,
  unknown: undefined,
}
