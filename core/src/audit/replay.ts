import { COMMAND_BYTES, type Command, FIRST_LPI, ID_LIMIT, LPI_LIMIT } from '../abi/index.ts'
import type { Gpa } from '../memory/index.ts'
import { commandIn, isBlank, type Ring } from './ring.ts'

/** What the ring tells of an event of a mapped device. LPI and ICID are unknown when its MAPTI is lost. */
export interface EventRecord {
  readonly lpi: number | undefined
  readonly icid: number | undefined
  /** The command that says so. */
  readonly at: Gpa
}

/** What the ring tells of a device. */
export interface DeviceRecord {
  readonly deviceId: number
  readonly mapped: boolean
  /** The MAPD that began this state is in the ring: an event not named since is not mapped. */
  readonly whole: boolean
  /** Undefined when the MAPD is lost or the device is not mapped. */
  readonly ittAddr: Gpa | undefined
  readonly eventIdBits: number | undefined
  /** The MAPD; the first command that names the device when the MAPD is lost. */
  readonly at: Gpa
  readonly events: ReadonlyMap<number, EventRecord>
  /** Events of this device that a DISCARD unmapped since, and where the command is. */
  readonly discarded: ReadonlyMap<number, Gpa>
}

export interface CollectionRecord {
  /** Undefined when the last MAPC unmapped it. */
  readonly rdBase: number | undefined
  readonly at: Gpa
}

interface DeviceState {
  deviceId: number
  mapped: boolean
  whole: boolean
  ittAddr: Gpa | undefined
  eventIdBits: number | undefined
  at: Gpa
  events: Map<number, EventRecord>
  discarded: Map<number, Gpa>
}

/** False for what KVM cannot have had mapped when it saved. */
export type CanBeMapped = (deviceId: number, eventId?: number) => boolean

/** How many EventID bits KVM saved for a device, of which the MAPD is lost. */
export type EventIdBits = (deviceId: number) => number | undefined

interface ReplayOptions {
  /** The ring does not begin with the first command. */
  readonly lost?: boolean
  /** The ring has not gone round: collections that are mapped nowhere in it may never have been. */
  readonly unwrapped?: boolean
  /** KVM refuses a pINTID from there on. */
  readonly lpiLimit?: number
  readonly canBeMapped?: CanBeMapped
  readonly eventIdBits?: EventIdBits
}

/**
 * Applies commands as KVM does (a refused command changes nothing), with one difference: when the beginning is lost, a command
 * about something never seen mapped shows that it was, unless the tables that KVM saved say that it was not.
 */
export class Replay {
  readonly #lost: boolean
  readonly #unwrapped: boolean
  readonly #lpiLimit: number
  readonly #canBeMapped: CanBeMapped
  readonly #eventIdBits: EventIdBits
  readonly #collections = new Map<number, CollectionRecord>()
  readonly #devices = new Map<number, DeviceState>()
  #commands = 0
  /** Executed slots that hold no command known here. */
  unknown = 0
  blank = 0
  /** Commands about things that no command before had mapped. */
  unexplained = 0
  /** Commands that KVM refused, whatever came before the ring. */
  #refused = 0
  /** Devices that commands name and that KVM cannot have had mapped, until one maps or unmaps them. */
  readonly #strangers = new Set<number>()

  constructor(options: ReplayOptions = {}) {
    const {
      lost = false,
      unwrapped = false,
      lpiLimit = LPI_LIMIT,
      canBeMapped = () => true,
      eventIdBits = () => undefined,
    } = options
    this.#lost = lost
    this.#unwrapped = unwrapped
    this.#lpiLimit = lpiLimit
    this.#canBeMapped = canBeMapped
    this.#eventIdBits = eventIdBits
  }

  run(ring: Ring, from: number, to: number): void {
    for (let slot = from; slot < to; slot++) {
      if (isBlank(ring, slot)) {
        this.blank++
        continue
      }
      this.#commands++
      const command = commandIn(ring, slot)
      if (command === undefined) this.unknown++
      else this.#apply(command, (ring.base + slot * COMMAND_BYTES) as Gpa)
    }
  }

  /** Executed commands. */
  get commands(): number {
    return this.#commands
  }

  /** The driver names what is not mapped. */
  get errs(): boolean {
    return this.#refused + this.#strangers.size > 0
  }

  get collections(): ReadonlyMap<number, CollectionRecord> {
    return this.#collections
  }

  get devices(): ReadonlyMap<number, DeviceRecord> {
    return this.#devices
  }

  #apply(command: Command, at: Gpa): void {
    switch (command.name) {
      case 'MAPC':
        this.#collections.set(command.args.icid, { rdBase: command.args.valid ? command.args.rdBase : undefined, at })
        return
      case 'MAPD':
        this.#mapDevice(command.args, at)
        return
      case 'MAPTI':
        this.#mapEvent(command.args, command.args.pintid, at)
        return
      case 'MAPI':
        this.#mapEvent(command.args, command.args.eventId, at)
        return
      case 'DISCARD':
        this.#discard(command.args, at)
        return
      case 'MOVI':
        this.#touch(command.args, at, command.args.icid)
        return
      case 'INV':
        // OpenBSD invalidates an event that it has just discarded.
        if (this.#devices.get(command.args.deviceId)?.discarded.has(command.args.eventId) !== true) this.#touch(command.args, at)
        return
      case 'INT':
      case 'CLEAR':
        this.#touch(command.args, at)
        return
    }
  }

  #mapDevice(args: { deviceId: number; size: number; ittAddr: number; valid: boolean }, at: Gpa): void {
    const { deviceId, size, ittAddr, valid } = args
    if (deviceId >= ID_LIMIT || (valid && size >= 16)) {
      this.#refused++
      return
    }
    this.#strangers.delete(deviceId)
    if (!valid && this.#devices.get(deviceId)?.mapped !== true) this.unexplained++
    this.#devices.set(deviceId, {
      deviceId,
      mapped: valid,
      whole: true,
      ittAddr: valid ? (ittAddr as Gpa) : undefined,
      eventIdBits: valid ? size + 1 : undefined,
      at,
      events: new Map(),
      discarded: new Map(),
    })
  }

  /** The mapped device a command names; when the beginning is lost, a device never seen was mapped there. */
  #device(deviceId: number, at: Gpa): DeviceState | undefined {
    const known = this.#devices.get(deviceId)
    if (known?.mapped === true) return known
    this.unexplained++
    if (known !== undefined || deviceId >= ID_LIMIT) {
      this.#refused++
      return undefined
    }
    if (!this.#canBeMapped(deviceId)) this.#strangers.add(deviceId)
    if (!this.#lost || !this.#canBeMapped(deviceId)) return undefined
    const unseen: DeviceState = {
      deviceId,
      mapped: true,
      whole: false,
      ittAddr: undefined,
      eventIdBits: undefined,
      at,
      events: new Map(),
      discarded: new Map(),
    }
    this.#devices.set(deviceId, unseen)
    return unseen
  }

  #mapEvent({ deviceId, eventId, icid }: { deviceId: number; eventId: number; icid: number }, lpi: number, at: Gpa): void {
    const device = this.#device(deviceId, at)
    if (device === undefined) return
    if (eventId >= this.#events(device) || lpi < FIRST_LPI || lpi >= this.#lpiLimit) {
      this.#refused++
      return
    }
    if (!this.#collections.has(icid)) this.unexplained++
    if (device.events.get(eventId)?.lpi !== undefined) return
    // KVM refuses a second MAPTI of an event: where the first may be lost, nobody knows to what it is mapped.
    const isFirst = !this.#lost || device.whole || device.discarded.has(eventId)
    device.events.set(eventId, isFirst ? { lpi, icid, at } : { lpi: undefined, icid: undefined, at })
    device.discarded.delete(eventId)
  }

  #discard({ deviceId, eventId }: { deviceId: number; eventId: number }, at: Gpa): void {
    const device = this.#device(deviceId, at)
    if (device === undefined) return
    const icid = device.events.get(eventId)?.icid
    if (eventId >= ID_LIMIT || this.#isOut(icid)) {
      this.#refused++
      return
    }
    if (this.#mayBeOut(icid)) {
      device.events.delete(eventId)
      device.whole = false
      return
    }
    if (!device.events.delete(eventId)) this.#unmapped(device, eventId)
    device.discarded.set(eventId, at)
  }

  #touch({ deviceId, eventId }: { deviceId: number; eventId: number }, at: Gpa, icid?: number): void {
    const device = this.#device(deviceId, at)
    if (device === undefined) return
    if (eventId >= this.#events(device)) {
      this.#refused++
      return
    }
    if (icid !== undefined && !this.#collections.has(icid)) this.unexplained++
    const known = device.events.get(eventId)
    if (known !== undefined) {
      if (icid === undefined || this.#isOut(icid) || this.#isOut(known.icid)) return
      const sure = !this.#mayBeOut(icid) && !this.#mayBeOut(known.icid)
      device.events.set(eventId, { lpi: known.lpi, icid: sure ? icid : undefined, at: known.at })
      return
    }
    this.#unmapped(device, eventId)
    if (!this.#lost || device.whole || device.discarded.has(eventId) || !this.#canBeMapped(deviceId, eventId)) return
    device.events.set(eventId, { lpi: undefined, icid, at })
  }

  /** How many events the device has room for. */
  #events({ deviceId, eventIdBits }: DeviceState): number {
    return 2 ** (eventIdBits ?? this.#eventIdBits(deviceId) ?? 16)
  }

  /** KVM refuses to move or discard what is in a collection that is not mapped. */
  #isOut(icid: number | undefined): boolean {
    const known = icid === undefined ? undefined : this.#collections.get(icid)
    return icid !== undefined && (known === undefined ? !this.#lost : known.rdBase === undefined)
  }

  /** Nobody knows whether KVM refused it. */
  #mayBeOut(icid: number | undefined): boolean {
    return icid !== undefined && this.#unwrapped && !this.#collections.has(icid)
  }

  /** A command names an event that none before it mapped: KVM refused it, unless its MAPTI is lost. */
  #unmapped({ whole, discarded }: DeviceState, eventId: number): void {
    this.unexplained++
    if (whole || discarded.has(eventId)) this.#refused++
  }
}
