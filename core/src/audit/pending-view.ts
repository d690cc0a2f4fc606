import { ID_LIMIT } from '../abi/index.ts'
import { type LpiConfiguration, lpiConfiguration, type PendingBit, pendingBit } from '../tables/index.ts'
import type { Belief } from './beliefs.ts'
import { pendingState, targetVcpu, type VcpuPending } from './pending-state.ts'
import type { Scene } from './scene.ts'

/** What the LPI tables hold of the LPI of an event. */
export interface PendingEvent {
  readonly eventId: number
  /** Null where no witness and no table tells. */
  readonly lpi: number | null
  readonly icid: number | null
  /** The vCPU that the collection names; null where it is not listed. */
  readonly vcpuId: number | null
  /** What the witnesses say of the event. */
  readonly belief: Belief
  /** A restore brings the event back, and reads its pending bit. */
  readonly isRestored: boolean
  /** On the vCPU that it goes to; undefined where it goes to none, or has no LPI. */
  readonly pending: PendingBit | undefined
  readonly configuration: LpiConfiguration | undefined
  /** Other vCPUs on which its LPI is pending: no restore reads that. */
  readonly elsewhere: readonly number[]
}

export interface PendingDevice {
  readonly deviceId: number
  readonly events: readonly PendingEvent[]
}

/** What is pending: on each vCPU of the VM, and of each event of one ITS. */
export interface PendingView {
  readonly vcpus: readonly VcpuPending[]
  /** Not every event of the VM is known: which pending bits are no event's is not known either. */
  readonly isWhole: boolean
  /** Devices with an event in the tables, or with one that is live, by id. */
  readonly devices: readonly PendingDevice[]
}

/** The pending state of the VM, and of the events of one ITS. */
export function pendingView(scene: Scene): PendingView {
  const { beliefs, tables } = scene
  const ids = new Set([...tables.mappings.devices.map(({ deviceId }) => deviceId), ...beliefs.live.devices])
  const { vcpus, isWhole } = pendingState(scene)
  const pendingOn = vcpus.map(({ vcpuId, lpis }) => ({ vcpuId, lpis: new Set(lpis) }))
  const devices = [...ids]
    .sort((a, b) => a - b)
    .map((deviceId) => ({
      deviceId,
      events: eventIdsOf(scene, deviceId).map((eventId) => pendingEvent(scene, deviceId, eventId, pendingOn)),
    }))
  return { vcpus, isWhole, devices: devices.filter(({ events }) => events.length > 0) }
}

/** Those of the tables, and those that are live. */
function eventIdsOf({ beliefs, tables: { mappings } }: Scene, deviceId: number): number[] {
  const { first = 0, count = 0 } = mappings.device(deviceId) ?? {}
  const live = beliefs.eventIds(deviceId).filter((eventId) => beliefs.live.hasEvent(deviceId, eventId))
  return [...new Set([...mappings.events.eventId.subarray(first, first + count), ...live])].sort((a, b) => a - b)
}

function pendingEvent(
  scene: Scene,
  deviceId: number,
  eventId: number,
  pendingOn: readonly { readonly vcpuId: number; readonly lpis: ReadonlySet<number> }[],
): PendingEvent {
  const { memory, registers, restored, beliefs } = scene
  const { lpi, icid } = mappedTo(scene, deviceId, eventId)
  const vcpuId = icid === undefined ? undefined : targetVcpu(scene, icid)
  const isLpi = lpi !== undefined && lpi < ID_LIMIT
  return {
    eventId,
    lpi: lpi ?? null,
    icid: icid ?? null,
    vcpuId: vcpuId ?? null,
    belief: beliefs.eventBelief(deviceId, eventId),
    isRestored: restored.objection === undefined && restored.mappings.row(deviceId, eventId) >= 0,
    pending: isLpi && vcpuId !== undefined ? pendingBit(memory, registers, vcpuId, lpi) : undefined,
    configuration: isLpi ? lpiConfiguration(memory, registers, lpi) : undefined,
    elsewhere: pendingOn.filter((other) => other.vcpuId !== vcpuId && other.lpis.has(lpi ?? -1)).map((other) => other.vcpuId),
  }
}

/** As the tables have it, or where they do not, as the guest has mapped it. */
function mappedTo({ tables: { mappings }, beliefs }: Scene, deviceId: number, eventId: number) {
  const row = mappings.row(deviceId, eventId)
  const { lpi, icid } = mappings.events
  return row < 0 ? beliefs.target(deviceId, eventId) : { lpi: lpi[row], icid: icid[row] }
}
