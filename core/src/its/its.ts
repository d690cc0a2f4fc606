import {
  BASER_TYPE,
  ENTRY_BYTES,
  GITS_BASER,
  ID_LIMIT,
  type QueueShape,
  queueShape,
  type TableShape,
  tableShape,
} from '../abi/index.ts'
import { counted, type GuestMemory, INSPECT, type ReadCursor, wholeNumber, word64 } from '../memory/index.ts'
import { Collections } from './collections.ts'
import { Devices } from './devices.ts'
import { Events } from './events.ts'
import type { Gic } from './gic.ts'
import { dteAt, entryAt } from './table-places.ts'
import type { CommandListener } from './trace.ts'

const BASER_VALID = GITS_BASER.pack({ valid: true })
const created = { innerCache: 3, shareability: 1, pageSize: 2, entrySize: ENTRY_BYTES - 1 }

/** GITS_BASER<n> of the device table and of the collection table. */
export const DEVICE_BASER = 0
export const COLLECTION_BASER = 1
export type TableBaser = typeof DEVICE_BASER | typeof COLLECTION_BASER

/**
 * One ITS: what its registers say, and what its commands or a restore mapped.
 *
 * Guest and userspace reach it through its register frame (`itsFrame`) and MSIs (`Translaters`). A restore drives it directly with
 * numbers: `collections.set`, `addDevice`, `mapEvent`, `freeDevices`, `freeCollections`.
 */
export class Its {
  readonly gic: Gic
  readonly memory: GuestMemory
  readonly devices = new Devices()
  readonly collections = new Collections()
  readonly events: Events
  /** GITS_CTLR.Enabled. */
  enabled = false
  /** Byte offsets in the command queue. */
  creadr = 0
  cwriter = 0
  /** Where commands are read. */
  readonly queueCursor: ReadCursor
  /** Where the first level of the device table is read. */
  readonly #l1: ReadCursor
  /** Is told of every command executed. Costs nothing while undefined. */
  listener: CommandListener | undefined
  #cbaser = 0n
  #queue: QueueShape = queueShape(0n)
  readonly #baser: [devices: bigint, collections: bigint] = [
    GITS_BASER.pack({ ...created, type: BASER_TYPE.devices }),
    GITS_BASER.pack({ ...created, type: BASER_TYPE.collections }),
  ]
  readonly #tables: [devices: TableShape, collections: TableShape]

  constructor(gic: Gic) {
    this.gic = gic
    this.memory = gic.memory
    this.queueCursor = gic.memory.cursor()
    this.#l1 = gic.memory.cursor()
    this.events = new Events(gic.lpis)
    this.#tables = [tableShape(this.#baser[0]), tableShape(this.#baser[1])]
    gic.itsEvents.push(this.events)
  }

  /** True when this kernel caches translations. */
  get caches(): boolean {
    return !this.gic.quirks['no-translation-cache']
  }

  /** True when it finds them by the address of TRANSLATER only. */
  get cachesByAddress(): boolean {
    return this.gic.quirks['cache-keyed-by-address']
  }

  get cbaser(): bigint {
    return this.#cbaser
  }

  /** The command queue as GITS_CBASER describes it. */
  get queue(): QueueShape {
    return this.#queue
  }

  /** Stores a sanitised GITS_CBASER; the queue starts empty. @throws RangeError for what is no bigint of 64 bits. */
  setCbaser(value: bigint): void {
    word64('GITS_CBASER', value)
    this.#cbaser = value
    this.#queue = queueShape(value)
    this.creadr = 0
    this.cwriter = 0
  }

  /** GITS_BASER0 (devices) or GITS_BASER1 (collections). */
  baser(table: TableBaser): bigint {
    return this.#baser[table]
  }

  /** Stores a sanitised GITS_BASER<n> and keeps what is mapped. @throws RangeError for another n, and for what is no bigint of 64 bits. */
  setBaser(table: TableBaser, value: bigint): void {
    wholeNumber('the n of GITS_BASER<n>', table, DEVICE_BASER, COLLECTION_BASER)
    word64(`GITS_BASER${table}`, value)
    this.#baser[table] = value
    this.#tables[table] = tableShape(value)
  }

  get deviceTable(): TableShape {
    return this.#tables[DEVICE_BASER]
  }

  get collectionTable(): TableShape {
    return this.#tables[COLLECTION_BASER]
  }

  /** Where the DTE of a device is, or -1 when it cannot be stored; see `dteAt` of table-places. */
  dteAt(deviceId: number): number {
    return dteAt(this.memory, this.#tables[DEVICE_BASER], deviceId, this.#l1)
  }

  /** True when a collection of this ICID may exist: the table has no order, but KVM asks for the place that ICID would have in one. */
  isIcidStorable(icid: number): boolean {
    return icid < ID_LIMIT && entryAt(this.memory, this.#tables[COLLECTION_BASER], icid) >= 0
  }

  /** Nothing is mapped, and nothing in the VM is cached: there is nothing that could be forgotten. */
  get isBlank(): boolean {
    const isAnyCached = this.gic.itsEvents.some((events) => events.isAnyCached)
    return this.devices.count === 0 && this.collections.order.length === 0 && !isAnyCached
  }

  /** The index of a mapped event in `events`, or -1; any numbers may be asked for. */
  find(deviceId: number, eventId: number): number {
    const slot = this.devices.find(deviceId)
    return slot < 0 ? -1 : this.events.find(slot, eventId)
  }

  /** The index of the vCPU that the event's collection is mapped to; -1 when it is not mapped, or gone. */
  targetOf(index: number): number {
    const icid = this.events.icid(index)
    return icid < 0 ? -1 : this.collections.target(icid)
  }

  /** Drops cached translations: of this ITS, or on kernels with one cache per VM of all. */
  forgetTranslations(): void {
    this.events.invalidate()
    if (this.gic.itsEvents.length > 1) this.#forgetOthers()
  }

  #forgetOthers(): void {
    for (const events of this.gic.itsEvents) if (events.isAnyCached && this.cachesByAddress) events.invalidate()
  }

  /** Maps a device with an empty ITT and returns its slot (see `Devices`). Nothing is checked. `ittAddr` in bytes. */
  addDevice(deviceId: number, ittAddr: number, bits: number): number {
    return this.devices.add(deviceId, ittAddr, bits)
  }

  /**
   * Maps an event that is not mapped to an LPI in a known collection; ranges are not checked.
   *
   * @param hint 0, or what the last call for the same device returned.
   * @returns the hint for the next event of this device.
   * @throws KvmError EFAULT when the LPI's configuration byte or pending bit is not in guest RAM; nothing is mapped then.
   */
  mapEvent(slot: number, eventId: number, pintid: number, icid: number, hint: number): number {
    const lpi = this.gic.mapLpi(pintid, this.collections.target(icid))
    return this.events.add(slot, eventId, lpi, icid, hint)
  }

  /** Forgets a device and its events; cached translations go too. */
  freeDevice(slot: number): void {
    this.events.removeAll(slot)
    this.forgetTranslations()
    this.devices.remove(slot)
  }

  freeDevices(): void {
    for (let slot = this.devices.first(); slot >= 0; ) {
      const next = this.devices.after(slot)
      this.freeDevice(slot)
      slot = next
    }
  }

  /** Forgets a collection; its events stay mapped, in no collection. Cached translations stay, as in KVM. */
  freeCollection(icid: number): void {
    if (this.collections.remove(icid)) this.events.detach(icid)
  }

  freeCollections(): void {
    if (this.collections.order.length === 0) return
    this.collections.clear()
    this.events.detach(-1)
  }

  /** KVM_DEV_ARM_ITS_CTRL_RESET: nothing is mapped or valid any more; table addresses, guest RAM and redistributors stay. */
  reset(): void {
    this.setBaser(DEVICE_BASER, this.#baser[DEVICE_BASER] & ~BASER_VALID)
    this.setBaser(COLLECTION_BASER, this.#baser[COLLECTION_BASER] & ~BASER_VALID)
    this.setCbaser(0n)
    this.enabled = false
    this.freeDevices()
    this.freeCollections()
  }

  /** What console.log shows. */
  [INSPECT](): string {
    const { devices, events, collections, queue, creadr, cwriter } = this
    const hex = (value: number) => `0x${value.toString(16)}`
    const mapped = [
      counted(devices.count, 'device'),
      counted(events.count, 'event'),
      counted(collections.order.length, 'collection'),
    ].join(', ')
    return `Its ${this.enabled ? 'enabled' : 'disabled'}, ${mapped}, queue at ${hex(queue.base)}, CREADR ${hex(creadr)}, CWRITER ${hex(cwriter)}`
  }
}
