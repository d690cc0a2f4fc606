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

interface ReplayOptions {
  /** The ring does not begin with the first command. */
  readonly lost?: boolean
  /** KVM refuses a pINTID from there on. */
  readonly lpiLimit?: number
  readonly canBeMapped?: CanBeMapped
}

/**
 * Applies commands as KVM does (a refused command changes nothing), with one difference: when the beginning is lost, a command
 * about something never seen mapped shows that it was, unless the tables that KVM saved say that it was not.
 */
export class Replay {
  readonly #lost: boolean
  readonly #lpiLimit: number
  readonly #canBeMapped: CanBeMapped
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

  constructor({ lost = false, lpiLimit = LPI_LIMIT, canBeMapped = () => true }: ReplayOptions = {}) {
    this.#lost = lost
    this.#lpiLimit = lpiLimit
    this.#canBeMapped = canBeMapped
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
    if (eventId >= 2 ** (device.eventIdBits ?? 16) || lpi < FIRST_LPI || lpi >= this.#lpiLimit) {
      this.#refused++
      return
    }
    if (!this.#collections.has(icid)) this.unexplained++
    if (device.events.get(eventId)?.lpi !== undefined) return
    device.events.set(eventId, { lpi, icid, at })
    device.discarded.delete(eventId)
  }

  #discard({ deviceId, eventId }: { deviceId: number; eventId: number }, at: Gpa): void {
    const device = this.#device(deviceId, at)
    if (device === undefined) return
    if (eventId >= ID_LIMIT) {
      this.#refused++
      return
    }
    if (!device.events.delete(eventId)) this.#unmapped(device, eventId)
    device.discarded.set(eventId, at)
  }

  #touch({ deviceId, eventId }: { deviceId: number; eventId: number }, at: Gpa, icid?: number): void {
    const device = this.#device(deviceId, at)
    if (device === undefined) return
    if (eventId >= 2 ** (device.eventIdBits ?? 16)) {
      this.#refused++
      return
    }
    if (icid !== undefined && !this.#collections.has(icid)) this.unexplained++
    const known = device.events.get(eventId)
    if (known !== undefined) {
      if (icid !== undefined) device.events.set(eventId, { lpi: known.lpi, icid, at: known.at })
      return
    }
    this.#unmapped(device, eventId)
    if (!this.#lost || device.whole || device.discarded.has(eventId) || !this.#canBeMapped(deviceId, eventId)) return
    device.events.set(eventId, { lpi: undefined, icid, at })
  }

  /** A command names an event that none before it mapped: KVM refused it, unless its MAPTI is lost. */
  #unmapped({ whole, discarded }: DeviceState, eventId: number): void {
    this.unexplained++
    if (whole || discarded.has(eventId)) this.#refused++
  }
}
