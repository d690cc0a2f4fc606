import type { HardwareLog } from './log.ts'
import type { PhysicalLpis } from './physical-lpis.ts'
import type { VirtualInterrupts } from './virtual-interrupts.ts'
import type { MoveMeeting } from './vmovp.ts'

/** What an event of a device is translated to. One shape for both kinds: `vpeid` is PHYSICAL for a physical LPI. */
export interface MappedEvent {
  readonly vpeid: number
  /** pINTID or vINTID. */
  readonly intid: number
  /** Collection, of a physical LPI. */
  readonly icid: number
  /** GICv4.0's doorbell of the event; 1023 for none. */
  readonly doorbell: number
}

export const PHYSICAL = -1

/** A device that MAPD mapped. The physical ITT is the hardware's own: the model keeps it here, not in memory. */
export interface PhysicalDevice {
  /** EventIDs are below 2 to this power. */
  readonly eventIdBits: number
  readonly events: Map<number, MappedEvent>
}

/** The mappings of one physical ITS and the parts of the GIC that its commands reach. */
export interface ItsState {
  /** GITS_CTLR.ITS_Number: the ITS's bit in an ITSList. */
  readonly number: number
  /** GITS_TYPER.VMOVP: one VMOVP reaches every ITS. */
  readonly vmovp: boolean
  readonly virtual: VirtualInterrupts
  readonly meeting: MoveMeeting
  readonly lpis: PhysicalLpis
  readonly log: HardwareLog
  readonly devices: Map<number, PhysicalDevice>
  /** ICID to redistributor. */
  readonly collections: Map<number, number>
  /** GITS_BASER<n> of type 2: GICv4.0's vPE table. */
  vpeBaser: bigint
}

/** The translation of an event, or why there is none. */
export function eventOf(its: ItsState, deviceId: number, eventId: number): MappedEvent | string {
  const device = its.devices.get(deviceId)
  if (device === undefined) return `DeviceID ${deviceId} is not mapped`
  return device.events.get(eventId) ?? `EventID ${eventId} of DeviceID ${deviceId} is not mapped`
}

/** Sends an event where its translation says. @returns false when it is lost. */
export function send(its: ItsState, event: MappedEvent): boolean {
  if (event.vpeid !== PHYSICAL) return its.virtual.raise(its.number, event.vpeid, event.intid, event.doorbell)
  const rdBase = its.collections.get(event.icid)
  if (rdBase === undefined) {
    its.log.note('lost', `LPI ${event.intid} is in collection ${event.icid}, which is not mapped`, { its: its.number })
    return false
  }
  its.lpis.raise(event.intid, rdBase)
  return true
}
