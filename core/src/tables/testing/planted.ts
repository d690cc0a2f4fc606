import {
  CTE,
  type Decoded,
  DTE,
  ENTRY_BYTES,
  type Fields,
  ITE,
  L1E,
  type Layout,
  profiles,
  type QuirkName,
  quirkSet,
} from '../../abi/index.ts'
import { type Backing, type Gpa, GuestMemory } from '../../memory/index.ts'
import { type Answer, GO_ON, type TableReader, type TableView } from '../index.ts'

export const RAM = 0x4000_0000 as Gpa
const RAM_BYTES = 0x40_0000
const DEVICE_TABLE = RAM + 0x1_0000
const COLLECTION_TABLE = RAM + 0x2_0000
const L2_PAGES = RAM + 0x3_0000
const ITTS = RAM + 0x20_0000

/** Second-level pages lie in falling order, so that what follows one in RAM is not the next one. */
const l2Page = (page: number) => L2_PAGES + (7 - page) * 0x10000

/** No quirk at all: the newest kernel. */
export const newest = profiles['linux-7.3.4'].quirks
/** The newest kernel with these quirks. */
export const withQuirks = (...names: QuirkName[]) => quirkSet(names)

/** Tables written entry by entry, as a kernel or an enemy might leave them. One vCPU, collection 0 mapped to it. */
export class PlantedTables {
  readonly memory: GuestMemory
  view: TableView

  constructor({ indirect = false, backing = 'flat' as Backing, vcpuIds = [0], tablePages = 1 } = {}) {
    this.memory = new GuestMemory([{ base: RAM, bytes: RAM_BYTES, backing }])
    this.view = {
      deviceTable: { valid: true, indirect, base: DEVICE_TABLE, bytes: tablePages * 0x10000 },
      collectionTable: { valid: true, indirect: false, base: COLLECTION_TABLE, bytes: 0x10000 },
      vcpuIds,
    }
    this.cte(0, { icid: 0, rdBase: vcpuIds[0]! })
  }

  /** The address of the ITT that a planted device has unless told otherwise: room for 2^10 events each. */
  itt(deviceId: number): Gpa {
    return (ITTS + (deviceId % 64) * 0x2000) as Gpa
  }

  /** The address of a DTE's place; with an indirect table its second-level page is made valid. */
  dtePlace(deviceId: number): Gpa {
    if (!this.view.deviceTable.indirect) return (DEVICE_TABLE + deviceId * ENTRY_BYTES) as Gpa
    const page = Math.floor(deviceId / 8192)
    this.l1(page, l2Page(page))
    return (l2Page(page) + (deviceId % 8192) * ENTRY_BYTES) as Gpa
  }

  l1(index: number, l2Addr: number): this {
    return this.#put(L1E, (DEVICE_TABLE + index * ENTRY_BYTES) as Gpa, { l2Addr, valid: true })
  }

  cte(slot: number, entry: Partial<Decoded<typeof CTE.fields>>): this {
    return this.#put(CTE, (COLLECTION_TABLE + slot * ENTRY_BYTES) as Gpa, { valid: true, ...entry })
  }

  dte(deviceId: number, entry: Partial<Decoded<typeof DTE.fields>> = {}): this {
    return this.#put(DTE, this.dtePlace(deviceId), { valid: true, size: 4, ittAddr: this.itt(deviceId), ...entry })
  }

  ite(deviceId: number, eventId: number, entry: Partial<Decoded<typeof ITE.fields>> = {}): this {
    return this.#put(ITE, (this.itt(deviceId) + eventId * ENTRY_BYTES) as Gpa, { pintid: 8192 + eventId, icid: 0, ...entry })
  }

  #put<F extends Fields>(shape: Layout<F>, at: Gpa, entry: Partial<Decoded<F>>): this {
    const { lo, hi } = shape.encode(entry)
    this.memory.setWord(at, lo, hi)
    return this
  }
}

/** Writes down what a walk shows it: `'8:0'` for an event, `'8'` for a device, `'c0'` for a collection. */
export class Seen implements TableReader {
  readonly collections: string[] = []
  devices: number[] = []
  events: string[] = []
  collection(icid: number, rdBase: number): Answer {
    this.collections.push(`${icid}>${rdBase}`)
    return GO_ON
  }
  device(deviceId: number): Answer {
    this.devices.push(deviceId)
    return GO_ON
  }
  event(deviceId: number, eventId: number): Answer {
    this.events.push(`${deviceId}:${eventId}`)
    return GO_ON
  }
  drop(deviceId: number): void {
    this.devices = this.devices.filter((id) => id !== deviceId)
    this.events = this.events.filter((event) => !event.startsWith(`${deviceId}:`))
  }
}
