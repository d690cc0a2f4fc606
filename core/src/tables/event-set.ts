import { ID_LIMIT } from '../abi/index.ts'

/** EventIDs of the architecture have 32 bits at most: a vector of a PCI function may name one that KVM never maps. */
const EVENT_IDS = 2 ** 32

/** Numbers from here on are of ids that have more than 16 bits. */
const WIDE = 2 ** 31

/** A number for an event that no other event has: a 32-bit integer where both ids have 16 bits, which sets keep best. */
export function eventKey(deviceId: number, eventId: number): number {
  if (deviceId < ID_LIMIT && eventId < ID_LIMIT) return (deviceId << 16) | eventId
  return WIDE + deviceId * EVENT_IDS + eventId
}

/** The ids of the event with this number. */
export function eventOf(key: number): readonly [deviceId: number, eventId: number] {
  if (key < WIDE) return [key >>> 16, key & 0xffff]
  return [Math.floor((key - WIDE) / EVENT_IDS), (key - WIDE) % EVENT_IDS]
}

/** Devices, and events of devices, to be asked by their ids. A device may be in it without an event, and an event without its device. */
export class EventSet {
  readonly devices = new Set<number>()
  readonly #events = new Set<number>()

  addDevice(deviceId: number): void {
    this.devices.add(deviceId)
  }

  addEvent(deviceId: number, eventId: number): void {
    this.#events.add(eventKey(deviceId, eventId))
  }

  hasDevice(deviceId: number): boolean {
    return this.devices.has(deviceId)
  }

  hasEvent(deviceId: number, eventId: number): boolean {
    return this.#events.has(eventKey(deviceId, eventId))
  }

  get eventCount(): number {
    return this.#events.size
  }

  get isEmpty(): boolean {
    return this.devices.size + this.#events.size === 0
  }

  /** The events in the order they were added. */
  *events(): Generator<readonly [deviceId: number, eventId: number]> {
    for (const key of this.#events) yield eventOf(key)
  }

  /** What is here and not in `other`. */
  without(other: Pick<EventSet, 'hasDevice' | 'hasEvent'>): EventSet {
    const left = new EventSet()
    for (const deviceId of this.devices) if (!other.hasDevice(deviceId)) left.addDevice(deviceId)
    for (const key of this.#events) if (!other.hasEvent(...eventOf(key))) left.#events.add(key)
    return left
  }
}
