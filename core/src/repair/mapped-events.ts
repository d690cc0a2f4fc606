import { ID_LIMIT } from '../abi/index.ts'
import type { EventId, View } from '../audit/index.ts'

/** Devices and events as sets, to be asked by id. */
export class MappedEvents {
  readonly devices = new Set<number>()
  readonly #events = new Set<number>()

  constructor(devices: Iterable<number> = [], events: Iterable<EventId> = []) {
    for (const deviceId of devices) this.devices.add(deviceId)
    for (const [deviceId, eventId] of events) this.#events.add(key(deviceId, eventId))
  }

  /** Everything that a viewpoint shows. */
  static of({ devices }: View): MappedEvents {
    const all = new MappedEvents()
    for (const { deviceId, events } of devices) {
      all.devices.add(deviceId)
      for (const { eventId } of events) all.#events.add(key(deviceId, eventId))
    }
    return all
  }

  get eventCount(): number {
    return this.#events.size
  }

  hasDevice(deviceId: number): boolean {
    return this.devices.has(deviceId)
  }

  hasEvent(deviceId: number, eventId: number): boolean {
    return this.#events.has(key(deviceId, eventId))
  }

  *events(): Generator<EventId> {
    for (const event of this.#events) yield [Math.floor(event / ID_LIMIT), event % ID_LIMIT]
  }

  /** What is here and not in `other`. */
  without(other: MappedEvents): MappedEvents {
    const devices = [...this.devices].filter((deviceId) => !other.hasDevice(deviceId))
    const events = [...this.events()].filter(([deviceId, eventId]) => !other.hasEvent(deviceId, eventId))
    return new MappedEvents(devices, events)
  }

  get isEmpty(): boolean {
    return this.devices.size + this.#events.size === 0
  }
}

// EventIDs of a DTE with a nonsensical size may be larger than 16 bits; the sweep reads the first 2^16 only.
const key = (deviceId: number, eventId: number): number => deviceId * ID_LIMIT + eventId
