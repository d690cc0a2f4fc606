import { FIRST_LPI } from '../abi/index.ts'
import type { Its } from '../its/index.ts'
import type { RecordCodes, RecordShape } from './record.ts'
import type { Scope } from './scope.ts'
import type { ScopeRam } from './scope-ram.ts'

/** An ICID that no scope has: events that are detached are put into it first. */
const SPARE_ICID = 0xfffe
const NO_SLOT = -1

/** What an ITS has mapped, into the bytes of a record and back. */
export class LiveBytes {
  readonly #shape: RecordShape
  readonly #codes: RecordCodes
  readonly #ids: readonly number[]
  readonly #events: number
  readonly #collections: number
  readonly #lpis: number
  readonly #bits: number
  readonly #itts: readonly number[]
  readonly #areas = new Map<number, number>()
  readonly #slots: Int32Array

  constructor(scope: Scope, shape: RecordShape, codes: RecordCodes, ram: ScopeRam, bits: number) {
    this.#shape = shape
    this.#codes = codes
    this.#ids = scope.deviceIds
    this.#events = scope.events
    this.#collections = scope.collections
    this.#lpis = scope.lpis
    this.#bits = bits
    this.#itts = ram.itts
    for (const [area, at] of ram.itts.entries()) this.#areas.set(at, area)
    this.#slots = new Int32Array(shape.devicePlaces)
  }

  /**
   * Writes what `its` has mapped into a record. False when it has something that the record has no place for: a device or event that the
   * scope does not name, or more of one than may be.
   */
  read(its: Its, record: Uint8Array): boolean {
    const { collections, lpis } = this.#shape
    const { order } = its.collections
    const codes = this.#codes
    const places = this.#collections
    for (let i = 0; i < places; i++) {
      const icid = order[i]
      record[collections + i] = icid === undefined ? 0 : codes.collection(icid, its.collections.target(icid))
    }
    const isWhole = order.length <= places && this.#readDevices(its, record)
    if (lpis >= 0) this.#readLpis(its, record)
    return isWhole
  }

  #readDevices(its: Its, record: Uint8Array): boolean {
    const { devices, events } = this.#shape
    const count = this.#events
    this.#findSlots(its)
    let foundDevices = 0
    let foundEvents = 0
    for (let place = 0; place < this.#slots.length; place++) {
      const slot = this.#slots[place]!
      const from = events + place * count
      if (slot === NO_SLOT) {
        record[devices + place] = 0
        for (let e = 0; e < count; e++) record[from + e] = 0
        continue
      }
      const area = its.devices.bits[slot] === this.#bits ? this.#areas.get(its.devices.ittAddr[slot]!) : undefined
      record[devices + place] = area === undefined ? 0 : 1 + area
      if (area !== undefined) foundDevices++
      for (let e = 0; e < count; e++) {
        const index = its.events.find(slot, e)
        record[from + e] = index < 0 ? 0 : this.#eventCode(its, index)
        if (index >= 0) foundEvents++
      }
    }
    return foundDevices === its.devices.count && foundEvents === its.events.count
  }

  /** The slot of each device place: the copies of a DeviceID follow one another, oldest first. */
  #findSlots({ devices }: Its): void {
    const { copies } = this.#shape
    for (const [d, id] of this.#ids.entries()) {
      let slot = devices.find(id)
      for (let copy = 0; copy < copies; copy++) {
        this.#slots[d * copies + copy] = slot
        if (slot < 0 || copies === 1) continue
        const next = devices.after(slot)
        slot = next >= 0 && devices.deviceId[next] === id ? next : NO_SLOT
      }
    }
  }

  #eventCode(its: Its, index: number): number {
    const icid = its.events.icid(index)
    const lpi = its.gic.lpis.intid(its.events.lpi(index)) - FIRST_LPI
    return this.#codes.event(lpi, icid < 0 ? this.#codes.detached : icid)
  }

  #readLpis({ gic: { lpis } }: Its, record: Uint8Array): void {
    const at = this.#shape.lpis
    for (let i = at; i < at + this.#lpis; i++) {
      const handle = lpis.find(FIRST_LPI + i - at)
      record[i] = handle === 0 ? 0 : this.#codes.lpi(lpis.target(handle), lpis.isPending(handle))
    }
  }

  /** Makes `its`, which has mapped what `now` says, have what `next` says: only what differs is touched. */
  bring(its: Its, now: Uint8Array, next: Uint8Array): void {
    this.#bringCollections(its, now, next)
    this.#unmap(its, now, next)
    this.#map(its, now, next)
    if (this.#shape.lpis >= 0) this.#bringLpis(its, next)
  }

  #bringCollections({ collections }: Its, now: Uint8Array, next: Uint8Array): void {
    const from = this.#shape.collections
    const to = from + this.#collections
    let i = from
    while (i < to && now[i] === next[i]) i++
    if (i === to) return
    collections.clear()
    for (let at = from; at < to; at++) {
      const code = next[at]!
      if (code !== 0) collections.set(this.#codes.icidOf(code), this.#codes.targetOf(code))
    }
  }

  /** Takes away what is not there any more, before anything comes: an LPI may be had by one event at a time only. */
  #unmap(its: Its, now: Uint8Array, next: Uint8Array): void {
    const { events } = this.#shape
    const count = this.#events
    this.#findSlots(its)
    for (let place = 0; place < this.#slots.length; place++) {
      const slot = this.#slots[place]!
      if (slot === NO_SLOT) continue
      if (this.#isAnotherDevice(now, next, place)) {
        its.freeDevice(slot)
        continue
      }
      const from = events + place * count
      for (let at = from; at < from + count; at++) {
        if (now[at] !== 0 && now[at] !== next[at]) its.events.remove(slot, its.events.find(slot, at - from))
      }
    }
  }

  /** True when a device place changes, or with copies any of the same DeviceID: they come again in order. */
  #isAnotherDevice(now: Uint8Array, next: Uint8Array, place: number): boolean {
    const { devices, copies } = this.#shape
    const first = place - (place % copies)
    for (let at = devices + first; at < devices + first + copies; at++) if (now[at] !== next[at]) return true
    return false
  }

  #map(its: Its, now: Uint8Array, next: Uint8Array): void {
    const { devices, events, copies } = this.#shape
    const count = this.#events
    for (let place = 0; place < this.#slots.length; place++) {
      const code = next[devices + place]!
      if (code === 0) continue
      const isNew = this.#isAnotherDevice(now, next, place)
      const id = this.#ids[(place / copies) | 0]!
      const slot = isNew ? its.addDevice(id, this.#itts[code - 1]!, this.#bits) : this.#slots[place]!
      const from = events + place * count
      for (let at = from; at < from + count; at++) {
        if (next[at] !== 0 && (isNew || now[at] !== next[at])) this.#mapEvent(its, slot, at - from, next[at]!)
      }
    }
  }

  #mapEvent({ gic: { lpis }, events }: Its, slot: number, eventId: number, code: number): void {
    const intid = FIRST_LPI + this.#codes.lpiOf(code)
    const icid = this.#codes.eventIcidOf(code)
    const known = lpis.find(intid)
    if (known !== 0) lpis.hold(known)
    const handle = known === 0 ? lpis.create(intid, -1) : known
    const isDetached = icid === this.#codes.detached
    events.add(slot, eventId, handle, isDetached ? SPARE_ICID : icid, 0)
    if (isDetached) events.detach(SPARE_ICID)
  }

  #bringLpis({ gic: { lpis } }: Its, next: Uint8Array): void {
    const at = this.#shape.lpis
    for (let i = at; i < at + this.#lpis; i++) {
      if (next[i] === 0) continue
      const handle = lpis.find(FIRST_LPI + i - at)
      lpis.retarget(handle, this.#codes.lpiTargetOf(next[i]!))
      lpis.setPending(handle, this.#codes.isPendingOf(next[i]!))
    }
  }
}
