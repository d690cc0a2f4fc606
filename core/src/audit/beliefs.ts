import type { Gpa } from '../memory/index.ts'
import type { Standing } from '../seal/index.ts'
import { EventSet } from '../tables/index.ts'
import type { History } from './history.ts'
import { deviceName, eventName } from './names.ts'
import type { PciTestimony, Testimony } from './pci-witness.ts'
import type { DeviceRecord } from './replay.ts'

/** What all witnesses together say. */
export type Belief = Standing

/** Who says what of a device or an event. */
export interface Witnesses {
  readonly belief: Belief
  readonly queue: Testimony
  /** The command that says so, where there is one. */
  readonly at: Gpa | undefined
  readonly pci: Testimony
}

/** Of what is kept silent because nobody could see what a restore makes of it. */
interface Unspoken {
  readonly all: boolean
  device(deviceId: number): boolean
  events(deviceId: number): boolean
}

const UNKNOWN: Witnesses = { belief: 'unknown', queue: 'silent', at: undefined, pci: 'silent' }

/** What the guest has mapped, as far as the witnesses know: its commands, and the MSI state of its PCI functions. */
export class Beliefs {
  readonly history: History
  /** Every DeviceID that a witness names, in order. */
  readonly deviceIds: readonly number[]
  readonly #records: ReadonlyMap<number, DeviceRecord>
  readonly #functions: ReadonlyMap<number, PciTestimony>
  readonly #unread: Unspoken
  readonly #eventIds = new Map<number, readonly number[]>()
  #live: EventSet | undefined
  #disputed: readonly string[] | undefined

  constructor(history: History, functions: ReadonlyMap<number, PciTestimony>, unread: Unspoken) {
    this.history = unread.all ? { ...history, collections: new Map() } : history
    this.#unread = unread
    this.#records = credible(history)
    this.#functions = functions
    this.deviceIds = [...new Set([...this.#records.keys(), ...this.#functions.keys()])].sort((a, b) => a - b)
  }

  /** Events that a witness names as mapped for a device, in order. */
  eventIds(deviceId: number): readonly number[] {
    const known = this.#eventIds.get(deviceId)
    if (known !== undefined) return known
    const mapped = this.#records.get(deviceId)?.events.keys() ?? []
    const set = this.#functions.get(deviceId)?.events ?? []
    const ids = [...new Set([...mapped, ...set])].sort((a, b) => a - b)
    this.#eventIds.set(deviceId, ids)
    return ids
  }

  /** The devices and events that are live, in the order of their ids. */
  get live(): EventSet {
    this.#live ??= this.#everyLive()
    return this.#live
  }

  /** Devices and events about which two witnesses disagree, by name; with one of them, nothing is called proven. */
  get disputed(): readonly string[] {
    this.#disputed ??= [...this.#disputes()]
    return this.#disputed
  }

  device(deviceId: number): Witnesses {
    if (this.#unread.device(deviceId)) return UNKNOWN
    const { queue, at } = this.#queueOnDevice(deviceId)
    const pci = this.#functions.get(deviceId)?.device ?? 'silent'
    return { belief: together(queue, pci), queue, at, pci }
  }

  event(deviceId: number, eventId: number): Witnesses {
    if (this.#unread.events(deviceId)) return UNKNOWN
    const { queue, at } = this.#queueOnEvent(deviceId, eventId)
    const pci = this.#pciOnEvent(deviceId, eventId)
    return { belief: together(queue, pci), queue, at, pci }
  }

  /** As `event`, the belief alone: for the many events of a table. */
  eventBelief(deviceId: number, eventId: number): Belief {
    if (this.#unread.events(deviceId)) return 'unknown'
    return together(this.#queueOnEvent(deviceId, eventId).queue, this.#pciOnEvent(deviceId, eventId))
  }

  #everyLive(): EventSet {
    const live = new EventSet()
    for (const deviceId of this.deviceIds) {
      if (this.device(deviceId).belief === 'live') live.addDevice(deviceId)
      for (const eventId of this.eventIds(deviceId)) {
        if (this.eventBelief(deviceId, eventId) === 'live') live.addEvent(deviceId, eventId)
      }
    }
    return live
  }

  /** Each device before its events. */
  *#disputes(): Generator<string> {
    for (const deviceId of this.deviceIds) {
      if (this.device(deviceId).belief === 'disputed') yield deviceName(deviceId)
      for (const eventId of this.eventIds(deviceId)) {
        if (this.eventBelief(deviceId, eventId) === 'disputed') yield eventName(deviceId, eventId)
      }
    }
  }

  #queueOnDevice(deviceId: number): QueueTestimony {
    const record = this.#records.get(deviceId)
    if (record !== undefined) return { queue: record.mapped ? 'mapped' : 'unmapped', at: record.at }
    return this.#unnamed(deviceId)
  }

  #queueOnEvent(deviceId: number, eventId: number): QueueTestimony {
    const device = this.#records.get(deviceId)
    if (device === undefined) return this.#unnamed(deviceId)
    const mapped = device.events.get(eventId)
    if (mapped !== undefined) return { queue: 'mapped', at: mapped.at }
    const discarded = device.discarded.get(eventId)
    if (discarded !== undefined) return { queue: 'unmapped', at: discarded }
    return device.whole ? { queue: 'unmapped', at: device.at } : SILENT
  }

  /** What it means that the queue does not name a device. */
  #unnamed(deviceId: number): QueueTestimony {
    return this.history.state === 'whole' && !this.history.touched.has(deviceId) ? NEVER : SILENT
  }

  #pciOnEvent(deviceId: number, eventId: number): Testimony {
    const said = this.#functions.get(deviceId)
    if (said?.events.has(eventId) === true) return 'mapped'
    return said?.whole === true ? 'unmapped' : 'silent'
  }
}

/** What the queue says of each device, as far as it is believed: not when it is damaged, nor what pending commands change. */
function credible({ state, devices, touched }: History): ReadonlyMap<number, DeviceRecord> {
  if (state === 'damaged') return new Map()
  return new Map([...devices].filter(([deviceId]) => !touched.has(deviceId)))
}

interface QueueTestimony {
  readonly queue: Testimony
  readonly at: Gpa | undefined
}

const SILENT: QueueTestimony = { queue: 'silent', at: undefined }
const NEVER: QueueTestimony = { queue: 'unmapped', at: undefined }

function together(queue: Testimony, pci: Testimony): Belief {
  if (queue === 'silent' && pci === 'silent') return 'unknown'
  if (queue !== 'silent' && pci !== 'silent' && queue !== pci) return 'disputed'
  return queue === 'mapped' || pci === 'mapped' ? 'live' : 'dead'
}
