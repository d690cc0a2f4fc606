import { GITS_TRANSLATER, type MsiFunction } from '../abi/index.ts'
import type { Gpa } from '../memory/index.ts'
import type { DeviceRecord, History } from './history.ts'

/** What one witness says of a device or an event. */
export type Testimony = 'mapped' | 'unmapped' | 'silent'

/** What all witnesses together say. */
export type Belief = 'live' | 'dead' | 'unknown' | 'disputed'

/** Who says what of a device or an event. */
export interface Witnesses {
  readonly belief: Belief
  readonly queue: Testimony
  /** The command that says so, where there is one. */
  readonly at: Gpa | undefined
  readonly pci: Testimony
}

/** What the guest has mapped, as far as the witnesses know: its commands, and the MSI state of its PCI functions. */
export class Beliefs {
  readonly history: History
  readonly #told: ReadonlyMap<number, DeviceRecord>
  readonly #functions: ReadonlyMap<number, FunctionState>

  constructor(history: History, msi: readonly MsiFunction[] = []) {
    this.history = history
    this.#told = credible(history)
    this.#functions = functionStates(msi)
  }

  /** Every DeviceID that a witness names, in order. */
  get deviceIds(): number[] {
    return [...new Set([...this.#told.keys(), ...this.#functions.keys()])].sort((a, b) => a - b)
  }

  /** Events that a witness names as mapped for a device, in order. */
  eventIds(deviceId: number): number[] {
    const told = this.#told.get(deviceId)
    const state = this.#functions.get(deviceId)
    return [...new Set([...(told?.events.keys() ?? []), ...(state?.events ?? [])])].sort((a, b) => a - b)
  }

  device(deviceId: number): Witnesses {
    const { queue, at } = this.#queueOnDevice(deviceId)
    const pci = this.#functions.get(deviceId)?.device ?? 'silent'
    return { belief: together(queue, pci), queue, at, pci }
  }

  event(deviceId: number, eventId: number): Witnesses {
    const { queue, at } = this.#queueOnEvent(deviceId, eventId)
    const pci = this.#pciOnEvent(deviceId, eventId)
    return { belief: together(queue, pci), queue, at, pci }
  }

  /** As `event`, the belief alone: for the many events of a table. */
  eventBelief(deviceId: number, eventId: number): Belief {
    return together(this.#queueOnEvent(deviceId, eventId).queue, this.#pciOnEvent(deviceId, eventId))
  }

  #queueOnDevice(deviceId: number): Told {
    const told = this.#told.get(deviceId)
    if (told !== undefined) return { queue: told.mapped ? 'mapped' : 'unmapped', at: told.at }
    return this.#untold(deviceId)
  }

  #queueOnEvent(deviceId: number, eventId: number): Told {
    const device = this.#told.get(deviceId)
    if (device === undefined) return this.#untold(deviceId)
    if (!device.mapped) return { queue: 'unmapped', at: device.at }
    const mapped = device.events.get(eventId)
    if (mapped !== undefined) return { queue: 'mapped', at: mapped.at }
    const discarded = device.discarded.get(eventId)
    if (discarded !== undefined) return { queue: 'unmapped', at: discarded }
    return device.whole ? { queue: 'unmapped', at: device.at } : SILENT
  }

  /** What it means that the queue does not tell of a device. */
  #untold(deviceId: number): Told {
    return this.history.state === 'whole' && !this.history.touched.has(deviceId) ? NEVER : SILENT
  }

  #pciOnEvent(deviceId: number, eventId: number): Testimony {
    const state = this.#functions.get(deviceId)
    if (state === undefined || state.device === 'silent') return 'silent'
    return state.events.has(eventId) ? 'mapped' : 'unmapped'
  }
}

/** What the queue tells of each device, as far as it is believed: not when it is damaged, nor what pending commands change. */
function credible({ state, devices, touched }: History): ReadonlyMap<number, DeviceRecord> {
  if (state === 'damaged') return new Map()
  return touched.size === 0 ? devices : new Map([...devices].filter(([deviceId]) => !touched.has(deviceId)))
}

interface Told {
  readonly queue: Testimony
  readonly at: Gpa | undefined
}

const SILENT: Told = { queue: 'silent', at: undefined }
const NEVER: Told = { queue: 'unmapped', at: undefined }

function together(queue: Testimony, pci: Testimony): Belief {
  if (queue === 'silent' && pci === 'silent') return 'unknown'
  if (queue !== 'silent' && pci !== 'silent' && queue !== pci) return 'disputed'
  return queue === 'mapped' || pci === 'mapped' ? 'live' : 'dead'
}

interface FunctionState {
  readonly device: Testimony
  readonly events: Set<number>
}

/**
 * A function with MSI-X or MSI enabled has its device mapped, with the events its vectors name. One that is disabled and has no
 * vector set has none: drivers disable MSI before they free it. Disabled with vectors set tells nothing.
 */
function functionStates(msi: readonly MsiFunction[]): ReadonlyMap<number, FunctionState> {
  const states = new Map<number, FunctionState>()
  for (const { deviceId, enabled, vectors } of msi) {
    const events = new Set(vectors.filter(({ address }) => isTranslater(address)).map(({ data }) => data))
    const before = states.get(deviceId)
    const device: Testimony = enabled ? 'mapped' : events.size === 0 ? 'unmapped' : 'silent'
    if (before === undefined) states.set(deviceId, { device, events: enabled ? events : new Set() })
    else states.set(deviceId, mergeStates(before, { device, events: enabled ? events : new Set() }))
  }
  return states
}

/** A function may have both MSI and MSI-X: whichever is enabled counts. */
function mergeStates(a: FunctionState, b: FunctionState): FunctionState {
  const device = [a, b].some((s) => s.device === 'mapped')
    ? 'mapped'
    : [a, b].some((s) => s.device === 'silent')
      ? 'silent'
      : 'unmapped'
  return { device, events: new Set([...a.events, ...b.events]) }
}

/** GITS_TRANSLATER stands at the same place of every 64 KiB translation page. */
const isTranslater = (address: bigint): boolean => address !== 0n && (address & 0xffffn) === BigInt(GITS_TRANSLATER & 0xffff)
