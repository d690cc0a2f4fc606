import { type CommandName, FIRST_LPI, type Operands } from '../abi/index.ts'
import { eventOf, type ItsState, type MappedEvent, PHYSICAL, send } from './its-state.ts'
import type { Refusal } from './virtual-interrupts.ts'

/** What one command does; a refusal says why it did nothing. */
export type CommandTable<N extends CommandName> = { readonly [K in N]: (its: ItsState, args: Operands<K>) => Refusal }

interface EventArgs {
  readonly deviceId: number
  readonly eventId: number
}

/** Puts an event into its device's table. Mapping a mapped event is UNPREDICTABLE (IHI 0069, "MAPTI"): refused here. */
export function mapEvent(its: ItsState, { deviceId, eventId }: EventArgs, event: MappedEvent): Refusal {
  const device = its.devices.get(deviceId)
  if (device === undefined) return `DeviceID ${deviceId} is not mapped`
  if (eventId >= 2 ** device.eventIdBits) return `EventID ${eventId} needs more than ${device.eventIdBits} bits`
  if (event.intid < FIRST_LPI) return `INTID ${event.intid} is below the first LPI, ${FIRST_LPI}`
  if (device.events.has(eventId)) return `EventID ${eventId} of DeviceID ${deviceId} is mapped already`
  device.events.set(eventId, event)
  return undefined
}

/** Runs `act` on the translation of an event. */
function withEvent(its: ItsState, { deviceId, eventId }: EventArgs, act: (event: MappedEvent) => Refusal): Refusal {
  const event = eventOf(its, deviceId, eventId)
  return typeof event === 'string' ? event : act(event)
}

function clear(its: ItsState, { vpeid, intid }: MappedEvent): Refusal {
  if (vpeid === PHYSICAL) {
    its.lpis.clear(intid)
    return undefined
  }
  const vpe = its.virtual.vpe(vpeid)
  vpe?.clearPending(intid)
  return vpe === undefined ? `vPE ${vpeid} is not mapped: the pending bit of LPI ${intid} stays in memory` : undefined
}

function invalidate(its: ItsState, { vpeid, intid }: MappedEvent): Refusal {
  const vpe = its.virtual.vpe(vpeid)
  if (vpeid === PHYSICAL) its.lpis.invalidate(intid)
  else if (vpe === undefined) return `vPE ${vpeid} is not mapped`
  else its.virtual.invalidate(vpe, intid)
  return undefined
}

function moveAll(its: ItsState, { rdBase, rdBase2 }: Operands<'MOVALL'>): Refusal {
  for (const [icid, target] of its.collections) if (target === rdBase) its.collections.set(icid, rdBase2)
  return undefined
}

/**
 * The commands of GICv3. INT, CLEAR, DISCARD and INV act on whatever the event is mapped to, a physical or a virtual LPI.
 *
 * Decided here: the model has no physical INTID limit and no physical pending tables; LPIs that nobody waits for are kept by
 * `PhysicalLpis`.
 */
export const physicalCommands: CommandTable<
  'MAPD' | 'MAPC' | 'MAPTI' | 'MAPI' | 'MOVI' | 'MOVALL' | 'DISCARD' | 'INT' | 'CLEAR' | 'INV' | 'INVALL' | 'SYNC'
> = {
  MAPD: (its, { deviceId, size, valid }) => {
    if (valid) its.devices.set(deviceId, { eventIdBits: size + 1, events: new Map() })
    else its.devices.delete(deviceId)
    return undefined
  },
  MAPC: (its, { icid, rdBase, valid }) => {
    if (valid) its.collections.set(icid, rdBase)
    else its.collections.delete(icid)
    return undefined
  },
  MAPTI: (its, args) => mapEvent(its, args, { vpeid: PHYSICAL, intid: args.pintid, icid: args.icid, doorbell: 0 }),
  MAPI: (its, args) => mapEvent(its, args, { vpeid: PHYSICAL, intid: args.eventId, icid: args.icid, doorbell: 0 }),
  MOVI: (its, args) => {
    const event = eventOf(its, args.deviceId, args.eventId)
    if (typeof event === 'string') return event
    if (event.vpeid !== PHYSICAL) return 'MOVI of a virtual event: that is VMOVI'
    its.devices.get(args.deviceId)!.events.set(args.eventId, { ...event, icid: args.icid })
    return undefined
  },
  MOVALL: moveAll,
  DISCARD: (its, args) =>
    withEvent(its, args, (event) => {
      its.devices.get(args.deviceId)!.events.delete(args.eventId)
      return clear(its, event)
    }),
  INT: (its, args) =>
    withEvent(its, args, (event) => {
      send(its, event)
      return undefined
    }),
  CLEAR: (its, args) => withEvent(its, args, (event) => clear(its, event)),
  INV: (its, args) => withEvent(its, args, (event) => invalidate(its, event)),
  INVALL: (its) => {
    its.lpis.invalidate()
    return undefined
  },
  SYNC: () => undefined,
}
