import { GICR_PENDBASER, GICR_PROPBASER, GITS_BASER, L1E, type Quirks } from '../../abi/index.ts'
import { COLLECTION_BASER, DEVICE_BASER, Gic, Its } from '../../its/index.ts'
import { type Backing, type Gpa, GuestMemory } from '../../memory/index.ts'
import { newest, RAM } from './planted.ts'

const CONFIGURATION = RAM + 0x1_0000
const PENDING = RAM + 0x2_0000
const DEVICE_TABLE = RAM + 0x10_0000
const COLLECTION_TABLE = RAM + 0x1a_0000
const L2_PAGES = RAM + 0x20_0000
const ITTS = RAM + 0x40_0000

export interface LiveOptions {
  readonly quirks?: Quirks
  readonly indirect?: boolean
  /** Second-level pages that the guest has allocated. */
  readonly l2Pages?: readonly number[]
  readonly memory?: GuestMemory
  readonly backing?: Backing
  readonly vcpuIds?: readonly number[]
  readonly deviceTablePages?: number
}

/** An ITS with its tables in 16 MiB of RAM, its LPI tables in place, nothing mapped. */
export class LiveIts {
  readonly memory: GuestMemory
  readonly gic: Gic
  readonly its: Its
  readonly options: LiveOptions

  constructor(options: LiveOptions = {}) {
    const { quirks = newest, indirect = false, l2Pages = [0], backing = 'sparse', vcpuIds = [0], deviceTablePages } = options
    this.options = options
    this.memory = options.memory ?? new GuestMemory([{ base: RAM, bytes: 0x100_0000, backing }])
    this.gic = new Gic({ memory: this.memory, quirks, vcpuIds })
    for (const vcpu of vcpuIds.keys()) this.gic.setPendbaser(vcpu, GICR_PENDBASER.pack({ address: PENDING + vcpu * 0x10000 }))
    this.its = new Its(this.gic)
    this.gic.setPropbaser(GICR_PROPBASER.pack({ address: CONFIGURATION, idBits: 15 }))
    const pages = (deviceTablePages ?? (indirect ? 1 : 8)) - 1
    this.its.setBaser(DEVICE_BASER, GITS_BASER.pack({ valid: true, indirect, addressLow: DEVICE_TABLE, pages }))
    this.its.setBaser(COLLECTION_BASER, GITS_BASER.pack({ valid: true, addressLow: COLLECTION_TABLE, pages: 0 }))
    if (indirect) for (const page of l2Pages) this.allocateL2(page)
  }

  /** Gives a second-level page its place, one behind the other in falling order. */
  allocateL2(page: number): void {
    this.nameL2(page, page)
  }

  /** Makes a first-level entry name the place of a page. */
  nameL2(entry: number, page: number): void {
    const { lo, hi } = L1E.encode({ l2Addr: L2_PAGES + (7 - page) * 0x10000, valid: true })
    this.memory.setWord((DEVICE_TABLE + entry * 8) as Gpa, lo, hi)
  }

  dropL2(page: number): void {
    this.memory.setWord((DEVICE_TABLE + page * 8) as Gpa, 0, 0)
  }

  /** Where the DTE of a device lies. */
  dteAt(deviceId: number): Gpa {
    return this.its.dteAt(deviceId) as Gpa
  }

  itt(deviceId: number): Gpa {
    return (ITTS + (deviceId % 128) * 0x4000) as Gpa
  }

  iteAt(deviceId: number, eventId: number): Gpa {
    return (this.itt(deviceId) + eventId * 8) as Gpa
  }

  get collectionTable(): Gpa {
    return COLLECTION_TABLE as Gpa
  }

  /** Maps a device with these events, all in collection 0 unless told otherwise; EventID n to LPI 8192 + n, or one 1024 further that is free. */
  map(deviceId: number, events: readonly number[] = [], { bits = 5, icid = 0, ittAddr = this.itt(deviceId) } = {}): this {
    if (!this.its.collections.has(icid)) this.its.collections.set(icid, 0)
    const slot = this.its.addDevice(deviceId, ittAddr, bits)
    for (const eventId of events) this.its.mapEvent(slot, eventId, this.#freeLpi(eventId), icid, 0)
    return this
  }

  #freeLpi(eventId: number): number {
    let lpi = 8192 + eventId
    while (this.gic.isLpiMapped(lpi)) lpi += 1024
    return lpi
  }

  unmap(deviceId: number): this {
    this.its.freeDevice(this.its.devices.find(deviceId))
    return this
  }

  /** The 64-bit word at an address, in hex. */
  word(at: Gpa): string {
    const half = (offset: number) =>
      this.memory
        .u32((at + offset) as Gpa)
        .toString(16)
        .padStart(8, '0')
    return half(4) + half(0)
  }

  /** An ITS that knows nothing yet, over the same RAM, or a copy of it. */
  successor(quirks: Quirks = this.gic.quirks): LiveIts {
    const options = { ...this.options, quirks, memory: this.memory.fork(), l2Pages: [] }
    return new LiveIts(options)
  }
}

/** All that an ITS has mapped, in a form to compare: `'3 itt 40400000 bits 5: 0>8192 in 0'`. */
export function stateOf({ devices, events, collections, gic }: Its): { devices: string[]; collections: string[] } {
  const lines: string[] = []
  for (let slot = devices.first(); slot >= 0; slot = devices.after(slot)) {
    const list: string[] = []
    for (let eventId = 0; eventId < 2 ** devices.bits[slot]!; eventId++) {
      const index = events.find(slot, eventId)
      if (index >= 0) list.push(`${eventId}>${gic.lpis.intid(events.lpi(index))} in ${events.icid(index)}`)
    }
    const itt = devices.ittAddr[slot]!.toString(16)
    lines.push(`${devices.deviceId[slot]} itt ${itt} bits ${devices.bits[slot]}: ${list.join(', ')}`)
  }
  return { devices: lines, collections: collections.order.map((icid) => `${icid}>${collections.target(icid)}`) }
}
