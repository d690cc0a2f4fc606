import {
  COMMAND_BYTES,
  type Command,
  decodeCommand,
  GITS_CREADR,
  GITS_CWRITER,
  ID_LIMIT,
  type ItsRegisters,
  queueShape,
} from '../abi/index.ts'
import type { Gpa, ReadonlyMemory } from '../memory/index.ts'

/** How much of all the commands that the guest ever sent its ITS is still in the ring. */
export type HistoryState =
  /** Everything since the ITS was first enabled: what is not mapped here is not mapped. */
  | 'whole'
  /** The ring has gone round: the oldest commands are overwritten. */
  | 'wrapped'
  /** The guest began again at slot 0 without clearing the ring, as after a suspend: what came before is lost in part. */
  | 'restarted'
  /** Slots the ITS has executed hold no command: the pages are lost, cleared or overwritten, and nothing here can be trusted. */
  | 'damaged'
  /** No command was ever executed. */
  | 'empty'
  /** There is no ring to read: GITS_CBASER is not valid or outside RAM, or CREADR is outside the queue. */
  | 'unreadable'

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

/** The guest's own word: its commands, replayed. Bounded by the ring, 32,768 commands at most. */
export interface History {
  readonly state: HistoryState
  /** Executed commands still in the ring. */
  readonly commands: number
  /** Commands between CREADR and CWRITER: written, not executed. */
  readonly pending: number
  /** Devices that pending commands name: what the guest has mapped of them is about to change. */
  readonly touched: ReadonlySet<number>
  /** Executed slots that hold no command known here. */
  readonly unknown: number
  readonly collections: ReadonlyMap<number, CollectionRecord>
  readonly devices: ReadonlyMap<number, DeviceRecord>
}

interface Ring {
  readonly words: Int32Array
  readonly base: number
  readonly slots: number
  readonly read: number
  readonly write: number
}

/**
 * Replays the command queue in guest RAM up to CREADR: the guest's view of what it has mapped. Linux never clears the ring, so
 * executed commands stay until they are overwritten.
 *
 * A history counts as whole only if it explains itself: the ring is blank behind CWRITER, every command is
 * known, and none names a device, event or collection that none before it mapped.
 */
export function readHistory(memory: ReadonlyMemory, its: ItsRegisters): History {
  const ring = openRing(memory, its)
  if (ring === undefined) return new Replay().result('unreadable', 0)
  const { slots, read, write } = ring
  const pending = (write - read + slots) % slots
  const lastUsed = lastSlotInUse(ring)
  const touched = touchedBy(ring, pending)
  const begun = write >= read && lastUsed < write
  if (begun && read === 0) return { ...new Replay().result('empty', pending), touched }
  const replay = new Replay({ lost: !begun })
  if (!begun) replay.run(ring, write, write < read ? read : lastUsed + 1)
  if (write >= read) replay.run(ring, 0, read)
  if (replay.blank + replay.unknown > 0) return { ...replay.result('damaged', pending), touched }
  if (!begun) return { ...replay.result(write >= read && lastUsed < slots - 1 ? 'restarted' : 'wrapped', pending), touched }
  if (replay.unexplained === 0) return { ...replay.result('whole', pending), touched }
  const doubtful = new Replay({ lost: true })
  doubtful.run(ring, 0, read)
  return { ...doubtful.result('restarted', pending), touched }
}

/** Devices that the commands waiting to be executed name. */
function touchedBy(ring: Ring, pending: number): ReadonlySet<number> {
  const touched = new Set<number>()
  for (let i = 0; i < pending; i++) {
    const command = decodeCommand(ring.words, ((ring.read + i) % ring.slots) * WORDS)
    if (command !== undefined && 'deviceId' in command.args) touched.add(command.args.deviceId)
  }
  return touched
}

function openRing(memory: ReadonlyMemory, its: ItsRegisters): Ring | undefined {
  const { valid, base, bytes } = queueShape(its.cbaser)
  if (!valid || !memory.contains(base as Gpa, bytes)) return undefined
  const slots = bytes / COMMAND_BYTES
  const read = GITS_CREADR.unpack(its.creadr).offset / COMMAND_BYTES
  const write = GITS_CWRITER.unpack(its.cwriter).offset / COMMAND_BYTES
  if (read >= slots || write >= slots) return undefined
  return { words: new Int32Array(memory.read(base as Gpa, bytes).buffer), base, slots, read, write }
}

const WORDS = COMMAND_BYTES / 4

function isBlank({ words }: Ring, slot: number): boolean {
  for (let word = slot * WORDS; word < (slot + 1) * WORDS; word++) if (words[word] !== 0) return false
  return true
}

function lastSlotInUse(ring: Ring): number {
  let slot = ring.slots - 1
  while (slot >= 0 && isBlank(ring, slot)) slot--
  return slot
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

/**
 * Applies commands as KVM does (a refused command changes nothing), with one difference: when the beginning is lost, a command
 * about something never seen mapped shows that it was.
 */
class Replay {
  readonly #lost: boolean
  readonly #collections = new Map<number, CollectionRecord>()
  readonly #devices = new Map<number, DeviceState>()
  #commands = 0
  /** Executed slots that hold no command known here. */
  unknown = 0
  blank = 0
  /** Commands about things that no command before had mapped. */
  unexplained = 0

  constructor({ lost = false } = {}) {
    this.#lost = lost
  }

  run(ring: Ring, from: number, to: number): void {
    for (let slot = from; slot < to; slot++) {
      if (isBlank(ring, slot)) {
        this.blank++
        continue
      }
      this.#commands++
      const command = decodeCommand(ring.words, slot * WORDS)
      if (command === undefined) this.unknown++
      else this.#apply(command, (ring.base + slot * COMMAND_BYTES) as Gpa)
    }
  }

  result(state: HistoryState, pending: number): History {
    return {
      state,
      commands: this.#commands,
      pending,
      unknown: this.unknown,
      touched: new Set(),
      collections: this.#collections,
      devices: this.#devices,
    }
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
      case 'INT':
      case 'CLEAR':
        this.#touch(command.args, at)
        return
    }
  }

  #mapDevice(args: { deviceId: number; size: number; ittAddr: number; valid: boolean }, at: Gpa): void {
    const { deviceId, size, ittAddr, valid } = args
    if (deviceId >= ID_LIMIT || (valid && size >= 16)) return
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
    if (known !== undefined || !this.#lost || deviceId >= ID_LIMIT) return undefined
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
    if (device === undefined || eventId >= 2 ** (device.eventIdBits ?? 16)) return
    if (!this.#collections.has(icid)) this.unexplained++
    if (device.events.get(eventId)?.lpi !== undefined) return
    device.events.set(eventId, { lpi, icid, at })
    device.discarded.delete(eventId)
  }

  #discard({ deviceId, eventId }: { deviceId: number; eventId: number }, at: Gpa): void {
    const device = this.#device(deviceId, at)
    if (device === undefined || eventId >= ID_LIMIT) return
    if (!device.events.delete(eventId)) this.unexplained++
    device.discarded.set(eventId, at)
  }

  #touch({ deviceId, eventId }: { deviceId: number; eventId: number }, at: Gpa, icid?: number): void {
    const device = this.#device(deviceId, at)
    if (device === undefined || eventId >= 2 ** (device.eventIdBits ?? 16)) return
    if (icid !== undefined && !this.#collections.has(icid)) this.unexplained++
    const known = device.events.get(eventId)
    if (known !== undefined) {
      if (icid !== undefined) device.events.set(eventId, { lpi: known.lpi, icid, at: known.at })
      return
    }
    this.unexplained++
    if (this.#lost && !device.whole && !device.discarded.has(eventId)) device.events.set(eventId, { lpi: undefined, icid, at })
  }
}
