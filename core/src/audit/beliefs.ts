import type { Gpa } from '../memory/index.ts'
import type { Standing } from '../seal/index.ts'
import { EventSet } from '../tables/index.ts'
import { type Answer, answer, type KernelAnswer, type PciAnswer, type QueueAnswer } from './answer.ts'
import type { History, HistoryState } from './history.ts'
import { KernelWitness } from './kernel-witness.ts'
import { deviceName, eventName } from './names.ts'
import type { PciTestimony } from './pci-witness.ts'
import type { DeviceRecord } from './replay.ts'

/** What all witnesses together say. */
export type Belief = Standing

/** Who says what of a device or an event. */
export interface Witnesses {
  readonly belief: Belief
  readonly queue: QueueAnswer
  /** The command that says so, where there is one. */
  readonly at: Gpa | undefined
  readonly pci: PciAnswer
  readonly kernel: KernelAnswer
  /** The structure in RAM that says so, where there is one. */
  readonly kernelAt: Gpa | undefined
}

/** Where a device has its ITT, as far as a witness tells. */
export interface Place {
  readonly ittAddr: Gpa | undefined
  readonly eventIdBits: number | undefined
}

/** What an event is mapped to, as far as a witness tells. */
export interface Target {
  readonly lpi: number | undefined
  readonly icid: number | undefined
}

/** Of what is kept silent because nobody could see what a restore makes of it. */
interface Unspoken {
  readonly all: boolean
  device(deviceId: number): boolean
  events(deviceId: number): boolean
}

const UNPLACED = answer('R-ram-unplaced')
const UNKNOWN: Witnesses = {
  belief: 'unknown',
  queue: UNPLACED,
  at: undefined,
  pci: UNPLACED,
  kernel: UNPLACED,
  kernelAt: undefined,
}

/** What the guest has mapped, as far as the witnesses know: its commands, the MSI state of its PCI functions, its kernel's own list. */
export class Beliefs {
  readonly history: History
  /** Every DeviceID that a witness names, in order. */
  readonly deviceIds: readonly number[]
  readonly #records: ReadonlyMap<number, DeviceRecord>
  readonly #functions: ReadonlyMap<number, PciTestimony>
  readonly #kernel: KernelWitness
  readonly #unread: Unspoken
  readonly #silent: QueueTestimony
  readonly #eventIds = new Map<number, readonly number[]>()
  #live: EventSet | undefined
  #disputed: readonly string[] | undefined

  constructor(
    history: History,
    functions: ReadonlyMap<number, PciTestimony>,
    unread: Unspoken,
    kernel: KernelWitness = new KernelWitness(undefined),
  ) {
    this.history = unread.all ? { ...history, collections: new Map() } : history
    this.#kernel = kernel
    this.#unread = unread
    this.#records = credible(history)
    this.#functions = functions
    this.#silent = { queue: unnamed[history.state], at: undefined }
    const named = [...this.#records.keys(), ...this.#functions.keys(), ...kernel.deviceIds]
    this.deviceIds = [...new Set(named)].sort((a, b) => a - b)
  }

  /** Events that a witness names as mapped for a device, in order. */
  eventIds(deviceId: number): readonly number[] {
    const known = this.#eventIds.get(deviceId)
    if (known !== undefined) return known
    const mapped = this.#records.get(deviceId)?.events.keys() ?? []
    const named = [...(this.#functions.get(deviceId)?.events ?? [])]
    const set = named.filter(([, { says }]) => says === 'live').map(([eventId]) => eventId)
    const ids = [...new Set([...mapped, ...set, ...this.#kernel.eventIds(deviceId)])].sort((a, b) => a - b)
    this.#eventIds.set(deviceId, ids)
    return ids
  }

  /** What the guest has mapped is known whole: nothing that no witness names can be live. */
  get isWhole(): boolean {
    return this.history.state === 'whole' || (this.#kernel.isHeard && this.#kernel.undecided === 0)
  }

  /** Where the ITT of a device is: by its MAPD, or its kernel's list. */
  place(deviceId: number): Place {
    const recorded = this.history.devices.get(deviceId)
    if (recorded?.ittAddr !== undefined) return recorded
    return { ittAddr: this.#kernel.device(deviceId)?.itt, eventIdBits: undefined }
  }

  /** What an event is mapped to: by its MAPTI and MOVI, or its kernel's list. */
  target(deviceId: number, eventId: number): Target {
    const recorded = this.history.devices.get(deviceId)?.events.get(eventId)
    const device = this.#kernel.device(deviceId)
    const isListed = device?.allocated(eventId) === true
    return {
      lpi: recorded?.lpi ?? (isListed ? device.pintid(eventId) : undefined),
      icid: recorded?.icid ?? (isListed ? device.icid(eventId) : undefined),
    }
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
    const pci = this.#functions.get(deviceId)?.device ?? ABSENT
    const said = this.#kernel.onDevice(deviceId)
    return { belief: together(queue, pci, said.kernel), queue, at, pci, ...said }
  }

  event(deviceId: number, eventId: number): Witnesses {
    if (this.#unread.events(deviceId)) return UNKNOWN
    const { queue, at } = this.#queueOnEvent(deviceId, eventId)
    const pci = this.#pciOnEvent(deviceId, eventId)
    const said = this.#kernel.onEvent(deviceId, eventId)
    return { belief: together(queue, pci, said.kernel), queue, at, pci, ...said }
  }

  /** As `event`, the belief alone: for the many events of a table. */
  eventBelief(deviceId: number, eventId: number): Belief {
    if (this.#unread.events(deviceId)) return 'unknown'
    const { queue } = this.#queueOnEvent(deviceId, eventId)
    return together(queue, this.#pciOnEvent(deviceId, eventId), this.#kernel.onEvent(deviceId, eventId).kernel)
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
    if (record === undefined) return this.#unnamed(deviceId)
    if (!record.mapped) return { queue: UNMAPPED, at: record.at }
    return { queue: record.whole ? MAPPED : NAMED, at: record.at }
  }

  #queueOnEvent(deviceId: number, eventId: number): QueueTestimony {
    const device = this.#records.get(deviceId)
    if (device === undefined) return this.#unnamed(deviceId)
    if (!device.mapped) return { queue: UNMAPPED, at: device.at }
    const mapped = device.events.get(eventId)
    if (mapped !== undefined) return { queue: mapped.lpi === undefined ? NAMED : MAPPED, at: mapped.at }
    const discarded = device.discarded.get(eventId)
    if (discarded !== undefined) return { queue: UNMAPPED, at: discarded }
    return device.whole ? { queue: answer('R-ring-lap'), at: device.at } : this.#silent
  }

  /** What it means that the queue does not name a device. */
  #unnamed(deviceId: number): QueueTestimony {
    const { state, touched, doubted } = this.history
    if (touched.has(deviceId)) return { queue: answer('R-ring-pending'), at: undefined }
    const doubt = doubted.get(deviceId)
    return doubt === undefined || state === 'damaged' ? this.#silent : { queue: answer(doubt), at: undefined }
  }

  #pciOnEvent(deviceId: number, eventId: number): PciAnswer {
    const said = this.#functions.get(deviceId)
    return said === undefined ? ABSENT : (said.events.get(eventId) ?? said.others)
  }
}

/** What the queue says of each device, as far as it is believed: not when it is damaged, nor what pending commands change. */
function credible({ state, devices, touched }: History): ReadonlyMap<number, DeviceRecord> {
  if (state === 'damaged') return new Map()
  return new Map([...devices].filter(([deviceId]) => !touched.has(deviceId)))
}

interface QueueTestimony {
  readonly queue: QueueAnswer
  readonly at: Gpa | undefined
}

const ABSENT = answer('R-pci-absent')
const MAPPED = answer('R-ring-mapped')
const NAMED = answer('R-ring-named')
const UNMAPPED = answer('R-ring-unmapped')

/** What a ring says of what it does not name. */
const unnamed = {
  whole: answer('R-ring-whole'),
  wrapped: answer('R-ring-wrapped'),
  restarted: answer('R-ring-restart'),
  damaged: answer('R-ring-damaged'),
  empty: answer('R-ring-none'),
  unreadable: answer('R-ring-none'),
} as const satisfies Record<HistoryState, QueueAnswer>

function together(queue: QueueAnswer, pci: PciAnswer, kernel: KernelAnswer): Belief {
  const first = queue.says === 'silent' ? pci.says : agreed(queue.says, pci)
  if (first === 'silent') return kernel.says === 'silent' ? 'unknown' : kernel.says
  return first === 'disputed' ? first : agreed(first, kernel)
}

const agreed = (said: 'live' | 'dead', { says }: Answer): 'live' | 'dead' | 'disputed' =>
  says === 'silent' || says === said ? said : 'disputed'
