import { CTE, DTE, DTE_NEXT_CAP, ENTRY_BYTES, ITE_NEXT_CAP, LPI_LIMIT, UNMAPPED_TARGET } from '../abi/index.ts'
import type { Its } from '../its/index.ts'
import { attempt, type Gpa, ItsError, type Outcome, type Where } from '../memory/index.ts'
import { EntryWriter } from './entry-writer.ts'

/** The shape of a block of events, see `Events`. */
const BLOCK_EVENTS = 8
const EVENT_WORDS = 2

/** What a save wrote. */
export interface Saved {
  readonly collections: number
  readonly devices: number
  readonly events: number
  /** Devices without a place for their DTE: not saved, and `next` passes over them. */
  readonly unstorable: readonly number[]
}

export interface SaveOptions {
  /** The host has GICv4.1, so the state of LPIs that hardware delivers can be read back. */
  readonly gicv41?: boolean
}

/**
 * Writes the ITS state to the tables in guest RAM, as KVM_DEV_ARM_ITS_SAVE_TABLES does: device by device its ITEs and its DTE,
 * then the collections and one terminator. What lay there before stays where nothing is written; on EFAULT what was written so
 * far stays. `its.memory.dirtyPages()` tells which pages.
 *
 * @source Linux arch/arm64/kvm/vgic/vgic-its.c, vgic_its_save_tables_v0
 */
export function saveTables(its: Its, options: SaveOptions = {}): Outcome<Saved> {
  return attempt(() => {
    const anyway = its.gic.quirks['save-invalid-baser']
    const save = new TableSave(its, options)
    if (its.deviceTable.valid || anyway) save.devices()
    if (its.collectionTable.valid || (anyway && its.collectionTable.base !== 0)) save.collections()
    return save.saved
  })
}

class TableSave {
  readonly saved = { collections: 0, devices: 0, events: 0, unstorable: [] as number[] }
  readonly #its: Its
  readonly #options: SaveOptions
  readonly #itts: EntryWriter
  readonly #table: EntryWriter
  /** Some LPI may be delivered by hardware. */
  readonly #forwarding: boolean
  /** The device under way: its ITT, its DeviceID, the event that is not written yet (-1: none), zero entries to write after it. */
  #itt = 0
  #deviceId = 0
  #waiting = -1
  #waitingIndex = 0
  readonly #zeros: number[] = []

  constructor(its: Its, options: SaveOptions) {
    this.#its = its
    this.#options = options
    this.#itts = new EntryWriter(its.memory)
    this.#table = new EntryWriter(its.memory)
    this.#forwarding = its.gic.lpis.forwarding !== undefined
  }

  devices(): void {
    const { devices } = this.#its
    let slot = this.#storable(devices.first())
    while (slot >= 0) {
      const deviceId = devices.deviceId[slot]!
      const at = this.#its.dteAt(deviceId)
      if (at < 0) throw new ItsError('EINVAL', 'the device has no place in the device table', { what: 'DTE', deviceId })
      this.#saveItt(slot, deviceId)
      const following = this.#storable(devices.after(slot))
      const next = following < 0 ? 0 : Math.min(devices.deviceId[following]! - deviceId, DTE_NEXT_CAP)
      this.#saveDte(slot, deviceId, at, next)
      slot = following
    }
  }

  /** The first device from `slot` on that is saved: on older kernels an unstorable one too, which then fails the save. */
  #storable(slot: number): number {
    const { devices, gic } = this.#its
    if (gic.quirks['save-refuses-unreachable-device']) return slot
    while (slot >= 0 && this.#its.dteAt(devices.deviceId[slot]!) < 0) {
      this.saved.unstorable.push(devices.deviceId[slot]!)
      slot = devices.after(slot)
    }
    return slot
  }

  #saveDte(slot: number, deviceId: number, at: number, next: number): void {
    const { bits, ittAddr } = this.#its.devices
    const { ittAddr: ittField, next: nextField, valid } = DTE.fields
    const itt = ittAddr[slot]!
    const lo = ittField.putLo(itt) | (bits[slot]! - 1)
    const hi = valid.putHi(1) | nextField.putHi(next) | ittField.putHi(itt)
    if (!this.#table.put(at, lo, hi)) throw outsideRam('DTE', at, { deviceId })
    this.saved.devices++
  }

  /** Saves the events of a device in EventID order. */
  #saveItt(slot: number, deviceId: number): void {
    const { events, devices } = this.#its
    this.#itt = devices.ittAddr[slot]!
    this.#deviceId = deviceId
    for (let block = events.firstBlock(slot); block !== 0; block = events.nextBlock(block)) {
      const start = events.blockIndex(block)
      const firstEvent = events.firstEvent(block)
      for (let n = 0; n < BLOCK_EVENTS; n++) {
        const index = start + n * EVENT_WORDS
        if (events.words[index] !== 0) this.#meet(firstEvent + n, index)
      }
    }
    this.#writeWaiting(0)
  }

  /** An event waits until the next one is known: the entry's `next` is the distance to it. */
  #meet(eventId: number, index: number): void {
    const { events, gic } = this.#its
    const detached = events.icid(index) < 0
    if (!detached || gic.quirks['next-names-zero-ite']) this.#writeWaiting(eventId)
    if (this.#forwarding && gic.lpis.isForwarded(events.words[index]!)) this.#refuseForwarded(eventId)
    if (detached) this.#meetDetached(eventId)
    else {
      this.#waiting = eventId
      this.#waitingIndex = index
    }
  }

  /** An event whose collection is gone has no ICID: it is saved as an entry that is not valid. */
  #meetDetached(eventId: number): void {
    if (this.#its.gic.quirks['null-collection-oops']) {
      const where = { what: 'ITE', deviceId: this.#deviceId, eventId }
      throw new ItsError('EFAULT', 'the event has no collection: the host kernel follows a NULL pointer and dies here', where)
    }
    if (this.#waiting >= 0) this.#zeros.push(eventId)
    else this.#putIte(eventId, 0, 0)
  }

  /** Writes the event that waits, and after it the zero entries between it and `nextEvent` (0: there is none). */
  #writeWaiting(nextEvent: number): void {
    if (this.#waiting < 0) return
    const { events, gic } = this.#its
    const lpi = events.words[this.#waitingIndex]!
    const intid = lpi < LPI_LIMIT ? lpi : gic.lpis.intid(lpi)
    const next = nextEvent === 0 ? 0 : Math.min(nextEvent - this.#waiting, ITE_NEXT_CAP)
    this.#putIte(this.#waiting, (intid << 16) | events.icid(this.#waitingIndex), (next << 16) | (intid >>> 16))
    this.saved.events++
    this.#waiting = -1
    for (const eventId of this.#zeros) this.#putIte(eventId, 0, 0)
    this.#zeros.length = 0
  }

  #putIte(eventId: number, lo: number, hi: number): void {
    const at = this.#itt + eventId * ENTRY_BYTES
    if (!this.#itts.put(at, lo, hi)) throw outsideRam('ITE', at, { deviceId: this.#deviceId, eventId })
  }

  #refuseForwarded(eventId: number): void {
    if (this.#options.gicv41 && !this.#its.gic.quirks['no-gicv41-save']) return
    const where = { what: 'ITE', deviceId: this.#deviceId, eventId }
    throw new ItsError('EACCES', 'hardware delivers this LPI and its state cannot be read back without GICv4.1', where)
  }

  collections(): void {
    const { collections, collectionTable, gic } = this.#its
    const { base, bytes } = collectionTable
    const { icid: icidField, rdBase, valid } = CTE.fields
    let at = base
    for (const icid of collections.order) {
      if (at >= base + bytes && !this.#mayPassTable()) return
      const vcpu = collections.target(icid)
      const target = vcpu < 0 ? UNMAPPED_TARGET : gic.rdBaseOf(vcpu)
      const lo = icidField.putLo(icid) | rdBase.putLo(target)
      if (!this.#table.put(at, lo, valid.putHi(1) | rdBase.putHi(target))) throw outsideRam('CTE', at, { icid })
      this.saved.collections++
      at += ENTRY_BYTES
    }
    if (at !== base + bytes && !this.#table.put(at, 0, 0)) throw outsideRam('CTE', at, {})
  }

  /** What a kernel does with a collection that has no room in the table left. */
  #mayPassTable(): boolean {
    const { quirks } = this.#its.gic
    if (!quirks['save-refuses-too-many-collections']) return quirks['ctes-past-table']
    throw new ItsError('EINVAL', 'there are more collections than the collection table holds', { what: 'CTE' })
  }
}

function outsideRam(what: string, at: number, where: Where): ItsError {
  return new ItsError('EFAULT', `the place of the ${what} is not in guest RAM`, { what, at: at as Gpa, ...where })
}
