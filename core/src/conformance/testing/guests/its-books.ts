import type { CommandName, Operands } from '../../../abi/index.ts'
import { EventSet } from '../../../tables/index.ts'
import { FIRST_LPI, ID_BITS, VCPUS } from './places.ts'

export interface MappedDevice {
  readonly ittAddr: number
  readonly bits: number
  readonly events: Map<number, { readonly pintid: number; readonly icid: number }>
}

type Obey = { readonly [N in CommandName]?: (args: Operands<N>) => void }

/** What an ITS has mapped after the commands it was given: a page of bookkeeping, made from nothing that the model is made of. */
export class ItsBooks {
  readonly devices = new Map<number, MappedDevice>()
  readonly collections = new Map<number, number>()
  readonly #deviceIds: number

  /** `deviceIds`: how many the device table has room for. */
  constructor(deviceIds: number) {
    this.#deviceIds = deviceIds
  }

  obey<N extends CommandName>(name: N, args: Partial<Operands<N>>): void {
    const zeros = { deviceId: 0, eventId: 0, pintid: 0, icid: 0, rdBase: 0, size: 0, ittAddr: 0, valid: false }
    const obey = this.#commands[name] as ((args: Operands<N>) => void) | undefined
    obey?.({ ...zeros, ...args } as unknown as Operands<N>)
  }

  /** What it forgets when its tables are taken away. */
  forget(): void {
    this.devices.clear()
    this.collections.clear()
  }

  /** The events that are in a collection that is mapped, and by which their MSIs arrive. */
  *delivered(): Generator<readonly [deviceId: number, eventId: number]> {
    for (const [deviceId, { events }] of this.devices) {
      for (const [eventId, { icid }] of events) if (this.collections.has(icid)) yield [deviceId, eventId]
    }
  }

  get mapped(): EventSet {
    const set = new EventSet()
    for (const [deviceId, { events }] of this.devices) {
      set.addDevice(deviceId)
      for (const eventId of events.keys()) set.addEvent(deviceId, eventId)
    }
    return set
  }

  copy(): ItsBooks {
    const copy = new ItsBooks(this.#deviceIds)
    for (const [deviceId, device] of this.devices) copy.devices.set(deviceId, { ...device, events: new Map(device.events) })
    for (const [icid, rdBase] of this.collections) copy.collections.set(icid, rdBase)
    return copy
  }

  readonly #commands: Obey = {
    MAPC: ({ icid, rdBase, valid }) => {
      if (!valid) this.collections.delete(icid)
      else if (VCPUS.some((id) => id === rdBase)) this.collections.set(icid, rdBase)
    },
    MAPD: ({ deviceId, size, ittAddr, valid }) => {
      if (deviceId >= this.#deviceIds) return
      this.devices.delete(deviceId)
      if (valid && size < 16) this.devices.set(deviceId, { ittAddr, bits: size + 1, events: new Map() })
    },
    MAPTI: ({ deviceId, eventId, pintid, icid }) => this.#map(deviceId, eventId, pintid, icid),
    MAPI: ({ deviceId, eventId, icid }) => this.#map(deviceId, eventId, eventId, icid),
    MOVI: ({ deviceId, eventId, icid }) => {
      const event = this.#live(deviceId, eventId)
      if (event && this.collections.has(icid)) this.devices.get(deviceId)!.events.set(eventId, { ...event, icid })
    },
    DISCARD: ({ deviceId, eventId }) => {
      if (this.#live(deviceId, eventId)) this.devices.get(deviceId)!.events.delete(eventId)
    },
  }

  #map(deviceId: number, eventId: number, pintid: number, icid: number): void {
    const device = this.devices.get(deviceId)
    if (device === undefined || eventId >= 2 ** device.bits || device.events.has(eventId)) return
    if (pintid >= FIRST_LPI && pintid < 2 ** ID_BITS) device.events.set(eventId, { pintid, icid })
  }

  /** An event that commands can reach: one in a collection that is mapped. */
  #live(deviceId: number, eventId: number) {
    const event = this.devices.get(deviceId)?.events.get(eventId)
    return event && this.collections.has(event.icid) ? event : undefined
  }
}
