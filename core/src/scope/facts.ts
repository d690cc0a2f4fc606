import { L2_ENTRIES } from '../abi/index.ts'
import type { Model } from './model.ts'

/** What a record says, asked the way guests and people do. */
export class Facts {
  readonly #model: Model
  readonly #devices: number
  readonly #events: number
  readonly #dtes: number
  readonly #collections: number
  readonly #copies: number
  readonly #perDevice: number

  constructor(model: Model) {
    const { devices, events, collections, dtes, copies } = model.shape
    this.#model = model
    this.#devices = devices
    this.#events = events
    this.#collections = collections
    this.#dtes = dtes
    this.#copies = copies
    this.#perDevice = model.scope.events
  }

  /** The area of a device of the scope, by its place in `deviceIds`; -1 when it is not mapped. */
  areaOf(record: Uint8Array, device: number): number {
    return record[this.#devices + device * this.#copies]! - 1
  }

  /** The value of an event's byte: 0 when it is not mapped. Of copies of a device the one that commands find. */
  eventOf(record: Uint8Array, device: number, eventId: number): number {
    return record[this.#events + device * this.#copies * this.#perDevice + eventId]!
  }

  hasEvents(record: Uint8Array, device: number): boolean {
    const from = this.#events + device * this.#copies * this.#perDevice
    for (let at = from; at < from + this.#perDevice; at++) if (record[at] !== 0) return true
    return false
  }

  /** The vCPU of a collection; -1 when it has none, -2 when it is not known. */
  targetOf(record: Uint8Array, icid: number): number {
    const { codes } = this.#model
    for (let at = this.#collections; at < this.#dtes; at++) {
      if (record[at] !== 0 && codes.icidOf(record[at]!) === icid) return codes.targetOf(record[at]!)
    }
    return -2
  }

  isAreaUsed(record: Uint8Array, area: number): boolean {
    for (let at = this.#devices; at < this.#events; at++) if (record[at] === area + 1) return true
    return false
  }

  isLpiUsed(record: Uint8Array, lpi: number): boolean {
    const { codes } = this.#model
    for (let at = this.#events; at < this.#collections; at++)
      if (record[at] !== 0 && codes.lpiOf(record[at]!) === lpi) return true
    return false
  }

  isIcidUsed(record: Uint8Array, icid: number): boolean {
    const { codes } = this.#model
    for (let at = this.#events; at < this.#collections; at++) {
      if (record[at] !== 0 && codes.eventIcidOf(record[at]!) === icid) return true
    }
    return false
  }

  isAnythingMapped(record: Uint8Array): boolean {
    for (let at = this.#devices; at < this.#dtes; at++) if (record[at] !== 0) return true
    return false
  }

  /** The entry that lies in an area for an event: 0 for zeros. */
  iteOf(record: Uint8Array, area: number, eventId: number): number {
    return record[this.#model.shape.ites + area * this.#perDevice + eventId]!
  }

  /** True when the second-level page of a DeviceID is entered, as it always is where no operation changes that. */
  isPageThere(record: Uint8Array, page: number): boolean {
    const { firstLevel } = this.#model.shape
    return firstLevel < 0 || ((record[firstLevel]! >> page) & 1) === 1
  }

  /** What of a state no kernel expects of a guest, in words: its save may lose what these concern, and the guest is to blame. */
  misuse(record: Uint8Array): string[] {
    const { codes, scope, shape } = this.#model
    const devices = [...record.subarray(shape.devices, shape.devices + shape.devicePlaces)].filter((code) => code !== 0)
    const events = [...record.subarray(shape.events, shape.events + shape.eventPlaces)].filter((code) => code !== 0)
    const lpis = events.map((code) => codes.lpiOf(code))
    const known = [...record.subarray(shape.collections, shape.collections + scope.collections)].filter((code) => code !== 0)
    return [
      this.#hasCopies(record) && 'one DeviceID has two devices',
      new Set(devices).size < devices.length && 'two devices have one ITT',
      new Set(lpis).size < lpis.length && 'two events have one LPI',
      events.some((code) => codes.eventIcidOf(code) === codes.detached) && 'an event has no collection',
      known.some((code) => codes.targetOf(code) < 0) && 'a collection has no vCPU',
      scope.deviceIds.some((id, d) => this.areaOf(record, d) >= 0 && !this.isPageThere(record, Math.floor(id / L2_ENTRIES))) &&
        'a device has no place in the device table',
    ].filter((words) => words !== false)
  }

  #hasCopies(record: Uint8Array): boolean {
    if (this.#copies === 1) return false
    for (let at = this.#devices + 1; at < this.#events; at += this.#copies) if (record[at] !== 0) return true
    return false
  }
}
