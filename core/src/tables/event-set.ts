/** EventIDs of the architecture have 32 bits at most: a vector of a PCI function may name one that KVM never maps. */
const EVENT_IDS = 2 ** 32

/** A number for an event that no other event has. */
export const eventKey = (deviceId: number, eventId: number): number => deviceId * EVENT_IDS + eventId

/** The ids of the event with this number. */
export const eventOf = (key: number): readonly [deviceId: number, eventId: number] => [
  Math.floor(key / EVENT_IDS),
  key % EVENT_IDS,
]

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
  without(other: EventSet): EventSet {
    const left = new EventSet()
    for (const deviceId of this.devices) if (!other.hasDevice(deviceId)) left.addDevice(deviceId)
    for (const key of this.#events) if (!other.#events.has(key)) left.#events.add(key)
    return left
  }
}
