import { hex } from '../../abi/index.ts'
import { pendingWord } from '../../tables/index.ts'
import type { VirtioDevice } from '../../virtio/index.ts'
import { entryAt } from '../entries.ts'
import { declared, type Evidence, evidence, type Suspect, suspect } from '../finding.ts'
import { type OwedInterrupt, owedInterrupts, type QueueState, queueStates, type VcpuRule } from '../notifications.ts'
import type { Scene } from '../scene.ts'

/** Interrupts of virtqueues that their drivers are owed: lost, or taken by handlers that were at work; and devices that may have lost some unseen. */
export function* notificationPass(scene: Scene): Generator<Suspect> {
  for (const owed of owedInterrupts(scene)) yield lostInterrupt(scene, owed)
  for (const device of scene.virtio) yield* lateSave(scene, device)
}

/** Of a device that was saved after the GIC the rings tell whether an interrupt was lost, if its driver asks to be told by an index. */
function* lateSave(scene: Scene, { name, deviceId, savedAfterGic }: VirtioDevice): Generator<Suspect> {
  const isIts = ({ device }: QueueState): boolean => device.name === name
  const queues = queueStates(scene).filter(isIts)
  if (savedAfterGic !== true || queues.length === 0 || owedInterrupts(scene).some(isIts)) return
  const isTold = queues.every(({ ring, interrupt }) => {
    if ('unjudged' in ring || ring.asked.by !== 'index') return false
    return ring.asked.ahead === 0 || interrupt?.pending.isSet === true
  })
  yield suspect('N803', { function: scene.names.subjectOf(deviceId, name), isTold }, { deviceId, effect: declared('note') })
}

function lostInterrupt({ memory, names }: Scene, owed: OwedInterrupt): Suspect {
  const { device, role, eventId, interrupt, asked, isProven, vcpus } = owed
  const { lpi, vcpuId, pending } = interrupt
  const word = pendingWord(memory, pending, true)
  const detail = { function: names.subjectOf(device.deviceId, device.name), queue: role.name, ahead: asked.ahead, lpi, vcpuId }
  const parts = {
    confidence: isProven ? 'proven' : 'inferred',
    deviceId: device.deviceId,
    eventId,
    at: word.at,
    rows: [entryAt(memory, 'pending', word.at, `LPI ${lpi} of vCPU ${vcpuId}`, 'clear')],
    evidence: evidenceOf(owed),
    fix: { says: `set bit ${pending.bit} of the byte at ${hex(pending.at)}: LPI ${lpi} pending`, safe: true, writes: [word] },
  } as const
  if (vcpus === 'R-vcpu-run') return suspect('N802', detail, { ...parts, effect: declared('note') })
  return suspect('N801', { ...detail, isProven }, { ...parts, effect: declared(isProven ? 'corrupts' : 'latent') })
}

function evidenceOf({ queue, ring, asked, interrupt, vcpus, driver, role }: OwedInterrupt): Evidence[] {
  const { lpi, vcpuId, pending } = interrupt
  const [index, event] = queue.packed === undefined ? ['used index', 'used_event'] : ['next used descriptor', 'event descriptor']
  return [
    evidence(
      'R-virtq-ahead',
      `${index} ${ring.used} is ${asked.ahead} past ${event} ${asked.event}, which is at ${hex(asked.eventAt)}`,
      ring.usedAt,
    ),
    evidence('R-pend-clear', `LPI ${lpi} is enabled and not pending on vCPU ${vcpuId}`, pending.at),
    evidence(vcpus, vcpuWords[vcpus], undefined),
    evidence(
      driver,
      `its driver ${driver === 'R-virtq-emptied' ? 'empties' : 'may leave buffers in'} the ${role.name}`,
      undefined,
    ),
  ]
}

const vcpuWords: Readonly<Record<VcpuRule, string>> = {
  'R-vcpu-wait': 'every vCPU waits in WFI or is off',
  'R-vcpu-target': 'its vCPU was in no handler',
  'R-vcpu-other': 'its vCPU was in no handler; on another vCPU its work may go on',
  'R-vcpu-run': 'its vCPU was in a handler, perhaps in this one',
  'R-vcpu-unknown': 'what every vCPU did is not known',
}
