import type { Its } from '../../its/index.ts'

/** A device by what it is mapped to: its ITT and size, and of each event its LPI and collection. */
interface MappedDevice {
  readonly itt: string
  readonly events: ReadonlyMap<number, string>
}

/** What an ITS has mapped, as the laws compare it. */
export interface Mapped {
  /** ICIDs with their vCPUs, in the order in which they became known. */
  readonly collections: string
  readonly devices: ReadonlyMap<number, MappedDevice>
}

/** A device, or an event of one. */
export interface Mapping {
  readonly deviceId: number
  readonly eventId?: number
}

/** What two ITSes have mapped differently. */
export interface Difference {
  /** What only the first has; the events of a device among them. */
  readonly lost: readonly Mapping[]
  /** What only the second has. */
  readonly returned: readonly Mapping[]
  /** What both have, as something else. */
  readonly changed: readonly Mapping[]
  readonly collections: boolean
}

/** What of a scope's devices an ITS has mapped: so many events of each. */
export function mappedBy({ collections, devices, events, gic }: Its, deviceIds: readonly number[], eventIds: number): Mapped {
  const mapped = new Map<number, MappedDevice>()
  for (const deviceId of deviceIds) {
    const slot = devices.find(deviceId)
    if (slot < 0) continue
    const targets = new Map<number, string>()
    for (let eventId = 0; eventId < eventIds; eventId++) {
      const index = events.find(slot, eventId)
      if (index >= 0) targets.set(eventId, `LPI ${gic.lpis.intid(events.lpi(index))} ICID ${events.icid(index)}`)
    }
    mapped.set(deviceId, { itt: `${devices.ittAddr[slot]} ${devices.bits[slot]}`, events: targets })
  }
  return { collections: collections.order.map((icid) => `${icid}>${collections.target(icid)}`).join(' '), devices: mapped }
}

export function difference(had: Mapped, has: Mapped): Difference {
  const lost = only(had, has)
  const returned = only(has, had)
  return { lost, returned, changed: changed(had, has), collections: had.collections !== has.collections }
}

function only(some: Mapped, others: Mapped): Mapping[] {
  return [...some.devices].flatMap(([deviceId, { events }]) => {
    const other = others.devices.get(deviceId)
    const here = [...events.keys()].filter((eventId) => other?.events.has(eventId) !== true)
    return [...(other === undefined ? [{ deviceId }] : []), ...here.map((eventId) => ({ deviceId, eventId }))]
  })
}

function changed(some: Mapped, others: Mapped): Mapping[] {
  return [...some.devices].flatMap(([deviceId, { itt, events }]) => {
    const other = others.devices.get(deviceId)
    if (other === undefined) return []
    const moved = [...events].filter(([eventId, target]) => (other.events.get(eventId) ?? target) !== target)
    return [...(other.itt === itt ? [] : [{ deviceId }]), ...moved.map(([eventId]) => ({ deviceId, eventId }))]
  })
}

export const isExact = ({ lost, returned, changed, collections }: Difference): boolean =>
  lost.length + returned.length + changed.length === 0 && !collections

/** For people: `DeviceID 0, DeviceID 1 event 0`. */
export const mappingWords = (list: readonly Mapping[]): string =>
  list.map(({ deviceId, eventId }) => `DeviceID ${deviceId}${eventId === undefined ? '' : ` event ${eventId}`}`).join(', ')

export function differenceWords({ lost, returned, changed, collections }: Difference): string {
  return [
    ...(lost.length > 0 ? [`loses ${mappingWords(lost)}`] : []),
    ...(returned.length > 0 ? [`brings back ${mappingWords(returned)}`] : []),
    ...(changed.length > 0 ? [`changes ${mappingWords(changed)}`] : []),
    ...(collections ? ['has other collections'] : []),
  ].join('; ')
}
