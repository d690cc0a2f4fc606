import type { Beliefs } from './beliefs.ts'
import type { Head } from './head.ts'
import type { Mappings } from './mappings.ts'
import type { RestoreStop } from './report.ts'

/** An event from one viewpoint; null where that viewpoint does not know. */
export interface EventRow {
  readonly eventId: number
  readonly lpi: number | null
  readonly icid: number | null
}

export interface DeviceRow {
  readonly deviceId: number
  readonly itt: number | null
  readonly eventIdBits: number | null
  readonly events: readonly EventRow[]
}

/** Collections and devices with their events from one viewpoint, by id. */
export interface View {
  readonly collections: readonly { readonly icid: number; readonly rdBase: number }[]
  readonly devices: readonly DeviceRow[]
  /** Dummy heads, where tables are looked at and have some. */
  readonly heads?: readonly Head[]
  /** Where the restore fails, so that there is nothing to list. */
  readonly stop?: RestoreStop
}

const byId = (collections: Iterable<readonly [number, number]>) =>
  [...collections].sort(([a], [b]) => a - b).map(([icid, rdBase]) => ({ icid, rdBase }))

/** What lies in the tables, or what a restore brings back. */
export function tableRows({ collections, devices, events }: Mappings): View {
  return {
    collections: byId(collections),
    devices: devices.map(({ deviceId, ittAddr, eventIdBits, first, count }) => ({
      deviceId,
      itt: ittAddr,
      eventIdBits,
      events: Array.from({ length: count }, (_, i) => ({
        eventId: events.eventId[first + i]!,
        lpi: events.lpi[first + i]!,
        icid: events.icid[first + i]!,
      })),
    })),
  }
}

/** What the guest has mapped, as far as its witnesses know. */
export function guestRows(beliefs: Beliefs): View {
  const { history } = beliefs
  const mapped = [...history.collections].flatMap(([icid, { rdBase }]) => (rdBase === undefined ? [] : [[icid, rdBase] as const]))
  const live = beliefs.deviceIds.filter((deviceId) => beliefs.device(deviceId).belief === 'live')
  return {
    collections: byId(mapped),
    devices: live.map((deviceId) => {
      const { ittAddr, eventIdBits } = beliefs.place(deviceId)
      const eventIds = beliefs.eventIds(deviceId).filter((eventId) => beliefs.eventBelief(deviceId, eventId) === 'live')
      return {
        deviceId,
        itt: ittAddr ?? null,
        eventIdBits: eventIdBits ?? null,
        events: eventIds.map((eventId) => {
          const { lpi, icid } = beliefs.target(deviceId, eventId)
          return { eventId, lpi: lpi ?? null, icid: icid ?? null }
        }),
      }
    }),
  }
}
