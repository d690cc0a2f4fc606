import type { MsiFunction } from '../../../abi/index.ts'
import { EventSet } from '../../../tables/index.ts'
import type { Collections } from './collections.ts'
import { LpiNumbers } from './lpi-numbers.ts'
import type { Manners } from './manners.ts'
import { ittBytes, type MemoryOwner } from './memory-owner.ts'
import { PciFunctions, VECTORS } from './pci-functions.ts'
import { CONFIGURATION, FIRST_LPI, fill, RAM, zero } from './places.ts'
import type { Ring } from './ring.ts'

/** What a freed ITT holds then. */
const SCRIBBLE = 0x5a

/** What a driver holds of a vector. */
interface Vector {
  readonly eventId: number
  readonly lpi: number
}

/** A device that the guest knows, bound or not. */
interface Device {
  readonly bits: number
  bound: boolean
  neverUsed: number
  /** By number; those that are in use. */
  readonly vectors: Map<number, Vector>
}

interface Parts {
  readonly manners: Manners
  readonly ring: Ring
  readonly memory: MemoryOwner
  readonly collections: Collections
}

/** The drivers of a guest: devices are bound and unbound, and their vectors set up, moved and freed. */
export class Drivers {
  readonly #manners: Manners
  readonly #ring: Ring
  readonly #memory: MemoryOwner
  readonly #collections: Collections
  readonly #lpis: LpiNumbers
  readonly #functions: PciFunctions
  readonly #devices = new Map<number, Device>()
  /** Devices that were unmapped. */
  readonly #gone = new Set<number>()
  /** How often a device was mapped since the ITS was set up. */
  #mapped = 0

  constructor({ manners, ring, memory, collections }: Parts) {
    this.#manners = manners
    this.#ring = ring
    this.#memory = memory
    this.#collections = collections
    this.#lpis = new LpiNumbers(manners.lpis)
    this.#functions = new PciFunctions(manners.pci)
  }

  /** What the device models of its PCI functions hold. */
  get msi(): readonly MsiFunction[] {
    return this.#functions.saved((deviceId) => this.#devices.get(deviceId)?.bound === true)
  }

  /** The devices that are bound, and how many vectors each has. */
  get bound(): { readonly deviceId: number; readonly vectors: number }[] {
    const bound = [...this.#devices].filter(([, device]) => device.bound)
    return bound.map(([deviceId, { vectors }]) => ({ deviceId, vectors: vectors.size }))
  }

  /** The events that drivers count on: an ITS may have more mapped, and less where it refused a command. */
  get inUse(): EventSet {
    const set = new EventSet()
    for (const [deviceId, { vectors }] of this.#devices)
      for (const { eventId } of vectors.values()) set.addEvent(deviceId, eventId)
    return set
  }

  /** The ITS is set up anew, and has nothing mapped. `deviceModels`: they were reset, too. */
  forget({ deviceModels }: { readonly deviceModels: boolean }): void {
    for (const [deviceId, { vectors }] of this.#devices) {
      for (const { lpi } of vectors.values()) this.#lpis.give(lpi)
      this.#lpis.giveBlock(deviceId)
    }
    this.#devices.clear()
    this.#memory.freeAll()
    this.#mapped = 0
    if (deviceModels) this.#functions.reset()
  }

  bind(deviceId: number, count: number): void {
    if (this.#devices.get(deviceId)?.bound) return
    const device = this.#known(deviceId) ?? this.#mapDevice(deviceId, count)
    device.bound = true
    for (let vector = 0; vector < count; vector++) this.#setUp(deviceId, device, vector)
    this.#collections.afterDevices(this.#mapped)
    if (this.#manners.errs) this.#err(deviceId)
    if (this.#manners.lingers) this.#linger()
  }

  /** A device that is mapped still, unless the guest maps it anew. */
  #known(deviceId: number): Device | undefined {
    return this.#manners.remaps ? undefined : this.#devices.get(deviceId)
  }

  #mapDevice(deviceId: number, count: number): Device {
    const bits = this.#bitsFor(count)
    const ittAddr = this.#memory.ittFor(deviceId)
    if (this.#manners.zeroesItts) this.#ring.steps.push(zero(ittAddr, ittBytes(bits)))
    if (this.#manners.deviceTable === 'a page each') this.#ring.steps.push(...this.#memory.newL2Page())
    this.#ring.send('MAPD', { deviceId, size: bits - 1, ittAddr, valid: true })
    this.#mapped++
    const device: Device = { bits, bound: true, neverUsed: 0, vectors: new Map() }
    this.#devices.set(deviceId, device)
    if (this.#manners.mapsAll) {
      for (let eventId = 0; eventId < 2 ** bits; eventId++) this.#mapEvent(deviceId, eventId, this.#lpis.take(deviceId, eventId))
    }
    return device
  }

  #bitsFor(count: number): number {
    const fits = Math.max(1, Math.ceil(Math.log2(count)))
    const bits = {
      'as many': fits,
      'one more': fits + 1,
      'rounded down': Math.max(1, Math.floor(Math.log2(count))),
      'as the function': Math.log2(VECTORS),
      five: 5,
      'as an LPI': 14,
    }
    return bits[this.#manners.ittBits]
  }

  allocate(deviceId: number, vector: number): void {
    const device = this.#devices.get(deviceId)
    if (device?.bound && !device.vectors.has(vector)) this.#setUp(deviceId, device, vector)
  }

  #setUp(deviceId: number, device: Device, vector: number): void {
    if (this.#manners.mapsAll) {
      const lpi = this.#ring.books.devices.get(deviceId)?.events.get(vector)?.pintid
      if (lpi !== undefined) this.#uses(deviceId, vector, { eventId: vector, lpi })
      return
    }
    const lpi = this.#lpis.take(deviceId, vector)
    const eventId = this.#eventIdOf(device, vector, lpi)
    if (eventId >= 2 ** device.bits && !this.#overruns) {
      this.#lpis.give(lpi)
      return
    }
    this.#mapEvent(deviceId, eventId, lpi)
    this.#uses(deviceId, vector, { eventId, lpi })
  }

  /** It maps what its ITTs have no room for: KVM refuses it. */
  get #overruns(): boolean {
    const { ittBits, eventIds } = this.#manners
    return ittBits === 'rounded down' || eventIds === 'LPI index'
  }

  #uses(deviceId: number, number: number, vector: Vector): void {
    this.#devices.get(deviceId)?.vectors.set(number, vector)
    if (this.#ring.enabled) this.#functions.set(deviceId, number, vector.eventId)
  }

  #eventIdOf(device: Device, vector: number, lpi: number): number {
    const eventIds = {
      index: vector,
      'in use': device.vectors.size,
      'never used': device.neverUsed++,
      'LPI index': lpi - FIRST_LPI,
      LPI: lpi,
    }
    return eventIds[this.#manners.eventIds]
  }

  #mapEvent(deviceId: number, eventId: number, lpi: number): void {
    const icid = this.#manners.oneCollection ? 0 : eventId & 1
    this.#collections.aim(icid)
    if (this.#manners.eventIds === 'LPI') this.#ring.send('MAPI', { deviceId, eventId, icid })
    else this.#ring.send('MAPTI', { deviceId, eventId, pintid: lpi, icid })
    this.#configure(lpi, this.#manners.configuration.on)
    this.#ring.send('INV', { deviceId, eventId })
  }

  #configure(lpi: number, byte: number): void {
    this.#ring.steps.push(fill(CONFIGURATION + lpi - FIRST_LPI, byte, 1))
  }

  free(deviceId: number, number: number): void {
    const device = this.#devices.get(deviceId)
    if (!device?.bound || !device.vectors.has(number)) return
    this.#tearDown(deviceId, device, number)
    if (device.vectors.size === 0 && this.#manners.unmapsDevice === 'with its last event') this.#unmapDevice(deviceId)
  }

  #tearDown(deviceId: number, device: Device, number: number): void {
    const { eventId, lpi } = device.vectors.get(number)!
    device.vectors.delete(number)
    if (this.#ring.enabled) this.#functions.free(deviceId, number)
    this.#configure(lpi, this.#manners.configuration.off)
    this.#ring.send('INV', { deviceId, eventId })
    if (this.#manners.discards) this.#ring.send('DISCARD', { deviceId, eventId })
    if (this.#manners.discards && this.#manners.invalidatesLate) this.#ring.send('INV', { deviceId, eventId })
    if (!this.#manners.mapsAll) this.#lpis.give(lpi)
  }

  unbind(deviceId: number): void {
    const device = this.#devices.get(deviceId)
    if (!device?.bound) return
    for (const number of [...device.vectors.keys()]) this.#tearDown(deviceId, device, number)
    device.bound = false
    if (this.#manners.unmapsDevice !== 'never') this.#unmapDevice(deviceId)
  }

  #unmapDevice(deviceId: number): void {
    const { ittAddr, bits } = this.#ring.books.devices.get(deviceId) ?? { ittAddr: 0, bits: 0 }
    this.#ring.send('MAPD', { deviceId, valid: false })
    this.#devices.delete(deviceId)
    this.#gone.add(deviceId)
    this.#memory.free(deviceId)
    this.#lpis.giveBlock(deviceId)
    // What waits is not done yet: a guest keeps the memory until it is.
    if (this.#manners.scribbles && ittAddr > 0 && this.#ring.enabled)
      this.#ring.steps.push(fill(ittAddr, SCRIBBLE, ittBytes(bits)))
  }

  move(deviceId: number, number: number): void {
    const vector = this.#devices.get(deviceId)?.vectors.get(number)
    if (vector === undefined || this.#manners.oneCollection) return
    this.#collections.aim(1)
    this.#ring.send('MOVI', { deviceId, eventId: vector.eventId, icid: 1 })
    if (this.#manners.movesAll) this.#ring.send('MOVALL', { rdBase: 0, rdBase2: 1 })
  }

  /** Commands about a device that was unmapped, or about an event that no device has any more: KVM refuses them. */
  #linger(): void {
    const { devices } = this.#ring.books
    const gone = [...this.#gone].find((deviceId) => !devices.has(deviceId))
    if (gone !== undefined) this.#ring.send('INV', { deviceId: gone, eventId: 0 })
    for (const [deviceId, { events }] of devices) {
      if (!events.has(events.size)) this.#ring.send('INT', { deviceId, eventId: events.size })
    }
  }

  /** Commands that KVM refuses: an event of no device, an LPI that there is none of, an event outside the ITT. */
  #err(deviceId: number): void {
    this.#ring.send('INT', { deviceId: 0x3000, eventId: 0 })
    this.#ring.send('MAPTI', { deviceId, eventId: 20, pintid: 8191, icid: 0 })
    this.#ring.send('MAPTI', { deviceId, eventId: 0x1_0000, pintid: 8192, icid: 0 })
    this.#ring.send('MAPD', { deviceId: 0x1_0000, size: 4, ittAddr: RAM.base, valid: true })
    this.#ring.send('MOVALL', { rdBase: 0, rdBase2: 9 })
  }
}
