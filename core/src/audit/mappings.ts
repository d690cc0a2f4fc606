import { counted, firstPast, type Gpa, INSPECT, listText } from '../memory/index.ts'
import type { EventId } from './finding.ts'

/** A device as a table or the guest has it. Its events are `first` to `first + count` of the columns. */
export interface MappedDevice {
  readonly deviceId: number
  readonly ittAddr: Gpa
  readonly eventIdBits: number
  /** Where the DTE lies. */
  readonly at: Gpa
  readonly next: number
  readonly first: number
  readonly count: number
}

interface Filling extends MappedDevice {
  count: number
}

/** Rows that columns begin with: so many words an engine keeps among its objects, and more in memory of their own. */
const FIRST_ROWS = 16

/** Columns of events, grown as needed: no object per event. */
export class EventColumns {
  eventId = new Uint32Array(FIRST_ROWS)
  lpi = new Uint32Array(FIRST_ROWS)
  icid = new Uint16Array(FIRST_ROWS)
  next = new Uint16Array(FIRST_ROWS)
  length = 0

  add(eventId: number, lpi: number, icid: number, next: number): void {
    const row = this.length++
    if (row === this.eventId.length) this.#grow()
    this.eventId[row] = eventId
    this.lpi[row] = lpi
    this.icid[row] = icid
    this.next[row] = next
  }

  /** Forgets the rows from `length` on. */
  cut(length: number): void {
    this.length = length
  }

  #grow(): void {
    const rows = this.eventId.length * 2
    const copy = <A extends Uint16Array | Uint32Array>(to: A, from: A): A => {
      to.set(from)
      return to
    }
    this.eventId = copy(new Uint32Array(rows), this.eventId)
    this.lpi = copy(new Uint32Array(rows), this.lpi)
    this.icid = copy(new Uint16Array(rows), this.icid)
    this.next = copy(new Uint16Array(rows), this.next)
  }
}

/** Collections, devices and events from one viewpoint; devices and their events in the order they were met: by id. */
export class Mappings {
  /** ICID to RDbase. */
  readonly collections = new Map<number, number>()
  readonly devices: MappedDevice[] = []
  readonly events = new EventColumns()
  readonly #byId = new Map<number, MappedDevice>()

  device(deviceId: number): MappedDevice | undefined {
    return this.#byId.get(deviceId)
  }

  addDevice(deviceId: number, ittAddr: Gpa, eventIdBits: number, at: Gpa, next = 0): void {
    const device: Filling = { deviceId, ittAddr, eventIdBits, at, next, first: this.events.length, count: 0 }
    this.devices.push(device)
    this.#byId.set(deviceId, device)
  }

  /** Adds an event to the device added last. */
  addEvent(eventId: number, lpi: number, icid: number, next = 0): void {
    this.events.add(eventId, lpi, icid, next)
    ;(this.devices.at(-1) as Filling).count++
  }

  /** The LPI of every event. */
  get lpis(): Uint32Array {
    return this.events.lpi.subarray(0, this.events.length)
  }

  /** The event that has an LPI. */
  eventWith(lpi: number): EventId | undefined {
    const row = this.lpis.indexOf(lpi)
    if (row < 0) return undefined
    return [this.deviceOf(row).deviceId, this.events.eventId[row]!]
  }

  /** The device whose event has this row of the columns. */
  deviceOf(row: number): MappedDevice {
    return this.devices[firstPast(this.devices.length, (i) => this.devices[i]!.first > row) - 1]!
  }

  /** Adds devices that others have from one place in theirs up to another, with their events; all behind its own. */
  append({ devices, events: { eventId, lpi, icid, next } }: Mappings, from = 0, to = devices.length): this {
    for (let i = from; i < to; i++) {
      const device = devices[i]!
      this.addDevice(device.deviceId, device.ittAddr, device.eventIdBits, device.at, device.next)
      for (let row = device.first; row < device.first + device.count; row++) {
        this.addEvent(eventId[row]!, lpi[row]!, icid[row]!, next[row]!)
      }
    }
    return this
  }

  /** Forgets the device added last. */
  dropDevice(): void {
    const last = this.devices.pop()!
    this.#byId.delete(last.deviceId)
    this.events.cut(last.first)
  }

  hasDevice(deviceId: number): boolean {
    return this.#byId.has(deviceId)
  }

  hasEvent(deviceId: number, eventId: number): boolean {
    return this.row(deviceId, eventId) >= 0
  }

  /** Row of an event in the columns; -1 when it is not mapped. Rows of a device are in EventID order. */
  row(deviceId: number, eventId: number): number {
    const device = this.#byId.get(deviceId)
    if (device === undefined) return -1
    let low = device.first
    let high = device.first + device.count - 1
    while (low <= high) {
      const middle = (low + high) >>> 1
      const id = this.events.eventId[middle]!
      if (id === eventId) return middle
      if (id < eventId) low = middle + 1
      else high = middle - 1
    }
    return -1
  }

  /** What console.log shows. */
  [INSPECT](): string {
    const { devices, events, collections } = this
    const rows = devices.map(({ deviceId, ittAddr, eventIdBits, count }) => {
      return `DeviceID 0x${deviceId.toString(16)}: ITT 0x${ittAddr.toString(16)}, ${eventIdBits} EventID bits, ${counted(count, 'event')}`
    })
    const all = [counted(devices.length, 'device'), counted(events.length, 'event'), counted(collections.size, 'collection')]
    return listText(`Mappings ${all.join(', ')}`, rows, rows.length)
  }
}
