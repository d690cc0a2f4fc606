import { DTE, DTE_NEXT_CAP, ENTRY_BYTES, ITE_NEXT_CAP, L2_ENTRIES, L2_SHIFT, LPI_LIMIT, MAX_EVENTID_BITS } from '../abi/index.ts'
import { BLOCK_WORDS, EVENT_WORDS, type Its, isInTable, iteAt, iteIndex } from '../its/index.ts'
import { KvmError } from '../memory/index.ts'
import { DtePlaces } from './dte-places.ts'
import { EntryWriter, forwardedLpi, outsideRam } from './entry-writer.ts'
import { type HeadWriter, ProposedHeads } from './heads.ts'
import type { SavePlan } from './save-plan.ts'

const NONE = -1
// Constants of its own: an imported one is loaded for each event.
const NEXT_CAP = ITE_NEXT_CAP
const LOW_LPIS = LPI_LIMIT
const STEP = EVENT_WORDS

/** One save of the devices and their events under way. */
export class DeviceSave {
  devices = 0
  events = 0
  detached = 0
  readonly unstorable: number[] = []
  readonly #its: Its
  readonly #plan: SavePlan
  readonly #itts: EntryWriter
  readonly #table: EntryWriter
  readonly #places: DtePlaces
  readonly #heads: HeadWriter | undefined
  /** Some LPI may be delivered by hardware. */
  readonly #forwarding: boolean
  /** The device under way: its ITT, its DeviceID, its first event, zero entries to write after the event that waits. */
  #itt = 0
  #deviceId = 0
  #first = NONE
  readonly #zeros: number[] = []
  /** The first saved device of each second-level page, or of the flat table. */
  readonly #firsts: number[] = []

  constructor(its: Its, plan: SavePlan) {
    this.#its = its
    this.#plan = plan
    this.#itts = new EntryWriter(its.memory)
    this.#heads = headWriter(its, plan, this.#itts)
    this.#table = new EntryWriter(its.memory)
    this.#places = new DtePlaces(its)
    this.#forwarding = its.gic.lpis.forwarding !== undefined
  }

  /** Saves the devices, and the heads of their tables. */
  save(): void {
    const { devices, deviceTable } = this.#its
    let slot = this.#storable(devices.first())
    while (slot >= 0) {
      const deviceId = devices.deviceId[slot]!
      const entry = this.#places.entry(deviceId)
      if (entry < 0) throw this.#withoutPlace(deviceId)
      if (this.#table.base !== this.#places.base) this.#table.table(this.#places.base)
      this.#saveItt(slot, deviceId)
      this.#places.written(devices.ittAddr[slot]!, ENTRY_BYTES << Math.min(devices.bits[slot]!, MAX_EVENTID_BITS))
      const following = this.#storable(devices.after(slot))
      this.#saveDte(slot, deviceId, entry, following < 0 ? 0 : this.#next(deviceId, devices.deviceId[following]!))
      this.#firsts[deviceTable.indirect ? deviceId >>> L2_SHIFT : 0] ??= deviceId
      slot = following
    }
    this.#heads?.deviceTable(this.#firsts)
  }

  /** The collections are saved too. */
  end(): void {
    this.#heads?.end()
  }

  /** The first device from `slot` on that is saved: on older kernels an unstorable one too, which then fails the save. */
  #storable(slot: number): number {
    const { devices } = this.#its
    while (slot >= 0 && this.#places.entry(devices.deviceId[slot]!) < 0) {
      if (this.#plan.quirks['save-refuses-unreachable-device']) return slot
      this.unstorable.push(devices.deviceId[slot]!)
      slot = devices.after(slot)
    }
    return slot
  }

  #withoutPlace(deviceId: number): KvmError {
    const { deviceTable } = this.#its
    const isProvisionable = isInTable(deviceTable, deviceId)
    const errno = isProvisionable && this.#plan.quirks['save-errors-told-apart'] ? 'EFAULT' : 'EINVAL'
    return new KvmError(errno, 'the device has no place in the device table', { what: 'DTE', deviceId })
  }

  #next(deviceId: number, following: number): number {
    const distance = following - deviceId
    const { indirect, base } = this.#its.deviceTable
    if (indirect) {
      const toPageEnd = L2_ENTRIES - (deviceId & (L2_ENTRIES - 1))
      return Math.min(distance, this.#plan.nextWithinPage ? toPageEnd : DTE_NEXT_CAP)
    }
    if (distance > DTE_NEXT_CAP) this.#heads?.gap(base + (deviceId + DTE_NEXT_CAP) * ENTRY_BYTES, distance - DTE_NEXT_CAP)
    return Math.min(distance, DTE_NEXT_CAP)
  }

  #saveDte(slot: number, deviceId: number, entry: number, next: number): void {
    const { bits, ittAddr } = this.#its.devices
    const { ittAddr: ittField, next: nextField, valid } = DTE.fields
    const itt = ittAddr[slot]!
    const lo = ittField.putLo(itt) | (bits[slot]! - 1)
    const hi = valid.putHi(1) | nextField.putHi(next) | ittField.putHi(itt)
    if (!this.#table.put(entry, lo, hi)) throw outsideRam('DTE', this.#table.base + entry * ENTRY_BYTES, { deviceId })
    this.devices++
  }

  /**
   * Saves the events of a device in EventID order, and the head of its ITT. An event waits until the next one is known: the
   * entry's `next` is the distance to it.
   */
  #saveItt(slot: number, deviceId: number): void {
    const { devices, events } = this.#its
    this.#itt = devices.ittAddr[slot]!
    this.#itts.table(this.#itt)
    this.#deviceId = deviceId
    this.#first = NONE
    const { words } = events
    let waiting = NONE
    let lpi = 0
    let icid = 0
    for (let block = events.firstBlock(slot); block !== 0; block = events.nextBlock(block)) {
      let eventId = events.firstEvent(block)
      let index = events.blockIndex(block)
      for (const beyond = index + BLOCK_WORDS; index < beyond; index += STEP, eventId++) {
        const handle = words[index]!
        if (handle === 0) continue
        const own = events.icid(index)
        if (own < 0 || this.#forwarding) {
          waiting = this.#meetSpecial(eventId, index, waiting, lpi, icid)
        } else {
          if (waiting !== NONE) this.#saveIte(waiting, lpi, icid, eventId - waiting)
          else if (this.#first === NONE) this.#first = eventId
          waiting = eventId
        }
        if (waiting !== eventId) continue
        lpi = handle
        icid = own
      }
    }
    if (waiting !== NONE) this.#saveIte(waiting, lpi, icid, 0)
    if (this.#first !== 0) this.#heads?.itt(this.#itt, devices.bits[slot]!, this.#first)
  }

  /** Meets an event that hardware may deliver, or whose collection is gone. Returns the event that waits from now on. */
  #meetSpecial(eventId: number, index: number, before: number, lpi: number, icid: number): number {
    const { events, gic } = this.#its
    const detached = events.icid(index) < 0
    let waiting = before
    if (waiting !== NONE && (!detached || this.#plan.quirks['next-names-zero-ite'])) {
      this.#saveIte(waiting, lpi, icid, eventId - waiting)
      waiting = NONE
    }
    if (this.#forwarding && gic.lpis.isForwarded(events.words[index]!)) this.#refuseForwarded(eventId)
    if (detached) {
      this.#saveDetached(eventId, waiting !== NONE)
      return waiting
    }
    if (this.#first === NONE) this.#first = eventId
    return eventId
  }

  /** An event whose collection is gone has no ICID: it is saved as an entry that is not valid, after the one that waits. */
  #saveDetached(eventId: number, later: boolean): void {
    if (this.#plan.quirks['null-collection-oops']) {
      const where = { what: 'ITE', deviceId: this.#deviceId, eventId }
      const reason = 'the event has no collection: the host kernel follows a NULL pointer and dies here'
      throw new KvmError('EFAULT', reason, where, { hostOops: true })
    }
    this.detached++
    if (later) this.#zeros.push(eventId)
    else this.#putIte(eventId, 0, 0)
  }

  /** Writes an event's entry, and after it the zero entries that wait for it. */
  #saveIte(eventId: number, lpi: number, icid: number, distance: number): void {
    const intid = lpi < LOW_LPIS ? lpi : this.#its.gic.lpis.intid(lpi)
    const next = Math.min(distance, NEXT_CAP)
    this.#putIte(eventId, (intid << 16) | icid, (next << 16) | (intid >>> 16))
    this.events++
    if (this.#zeros.length > 0) this.#writeZeros()
  }

  #writeZeros(): void {
    for (const eventId of this.#zeros) this.#putIte(eventId, 0, 0)
    this.#zeros.length = 0
  }

  #putIte(eventId: number, lo: number, hi: number): void {
    if (this.#itts.put(iteIndex(eventId), lo, hi)) return
    throw outsideRam('ITE', iteAt(this.#itt, eventId), { deviceId: this.#deviceId, eventId })
  }

  #refuseForwarded(eventId: number): void {
    if (this.#plan.gicv41 && !this.#plan.quirks['no-gicv41-save']) return
    throw forwardedLpi(this.#deviceId, eventId)
  }
}

function headWriter(its: Its, { heads }: SavePlan, entries: EntryWriter): HeadWriter | undefined {
  if (heads === 'none') return undefined
  return heads === 'proposed' ? new ProposedHeads(its, entries) : heads.writer(its, entries)
}
