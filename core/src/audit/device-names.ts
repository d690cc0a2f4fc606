import { type GicRegisters, itsCount, type MsiFunction } from '../abi/index.ts'
import { eventRoles, type VirtioDevice } from '../virtio/index.ts'
import { type DeviceNoun, isOfBus, nounOfModel, rankOf } from './device-kinds.ts'
import { deviceName } from './names.ts'

/** A PCI function as people know it. */
export interface NamedFunction {
  /** Segment, bus, device and function as the guest has them: `0000:01:00.0`. */
  readonly address: string
  /** The device model: `virtio-blk`; empty where the file has no name that can be one. */
  readonly model: string
  /** What that is to whoever uses the guest: `disk`. */
  readonly noun: DeviceNoun
  /** The section of the file that holds it: `0000:00:02.0:00.0/virtio-blk`, slots from the root bus down. */
  readonly section: string
}

/** What the file knows of a DeviceID. */
export interface NamedDevice {
  readonly deviceId: number
  /** Several behind a bridge to conventional PCI; none where the file has no such function, or where DeviceIDs are not of PCI. */
  readonly functions: readonly NamedFunction[]
}

/** The functions that a file has; `virtio`: those among them whose queues it tells. */
export interface KnownFunctions {
  readonly msi?: readonly MsiFunction[]
  readonly virtio?: readonly VirtioDevice[]
}

/** What people call the devices behind the DeviceIDs of one ITS, and what their events are for. */
export class DeviceNames {
  readonly #functions = new Map<number, NamedFunction[]>()
  readonly #roles = new Map<number, Map<number, readonly string[]>>()

  /** @param index the ITS: of several, a function belongs to that which its vectors are set to. */
  constructor(registers: GicRegisters, index: number, { msi: functions = [], virtio = [] }: KnownFunctions) {
    const sections = new Set<string>()
    for (const one of functions) {
      if (sections.has(one.name) || (itsCount(registers) > 1 && !isSetTo(one, index))) continue
      sections.add(one.name)
      const sharing = this.#functions.get(one.deviceId)
      if (sharing === undefined) this.#functions.set(one.deviceId, [named(one)])
      else sharing.push(named(one))
    }
    for (const { deviceId, eventId, its, roles } of eventRoles(virtio, functions)) {
      if (its !== index) continue
      const events = this.#roles.get(deviceId) ?? new Map<number, readonly string[]>()
      this.#roles.set(deviceId, events.set(eventId, [...(events.get(eventId) ?? []), ...roles]))
    }
  }

  /** What an event tells its driver of: `configuration`, `request queue 0`; several where they share it, none where the file does not tell. */
  roles(deviceId: number, eventId: number): readonly string[] {
    return this.#roles.get(deviceId)?.get(eventId) ?? []
  }

  of(deviceId: number): NamedDevice {
    return { deviceId, functions: this.#functions.get(deviceId) ?? [] }
  }

  /** Every device of which the file knows something, by DeviceID. */
  get devices(): readonly NamedDevice[] {
    return [...this.#functions.keys()].sort((a, b) => a - b).map((deviceId) => this.of(deviceId))
  }

  /** As a sentence speaks of it: `the disk at 01:00.1`. */
  subject(deviceId: number): string {
    const [first, ...more] = this.of(deviceId).functions
    if (first === undefined) return deviceName(deviceId)
    return `the ${first.noun} at ${shortAddress(first)}${more.length === 0 ? '' : ` and ${more.length} more behind its bridge`}`
  }

  /** One function of several with a DeviceID, by the section that holds it: `the disk at 01:00.1`. */
  subjectOf(deviceId: number, section: string): string {
    const one = this.of(deviceId).functions.find((each) => each.section === section)
    return one === undefined ? deviceName(deviceId) : `the ${one.noun} at ${shortAddress(one)}`
  }

  /** As a list names it: `virtio-blk 01:00.1`. `no function 52:00.0` where other functions are in the file; empty where none is. */
  label(deviceId: number): string {
    if (this.#functions.size === 0) return ''
    const { functions } = this.of(deviceId)
    if (functions.length === 0) return `no function ${pciAddress(deviceId)}`
    return functions.map((one) => `${one.model || one.noun} ${shortAddress(one)}`).join(', ')
  }

  /** How bad it is to lose: less is worse. */
  rank(deviceId: number): number {
    return Math.min(...this.#nouns(deviceId).map(rankOf))
  }

  /** No input or output waits for its interrupts. */
  isOfBus(deviceId: number): boolean {
    return this.#nouns(deviceId).every(isOfBus)
  }

  #nouns(deviceId: number): readonly DeviceNoun[] {
    const { functions } = this.of(deviceId)
    return functions.length === 0 ? ['device'] : functions.map(({ noun }) => noun)
  }

  toJSON(): readonly NamedDevice[] {
    return this.devices
  }
}

const isSetTo = ({ vectors }: MsiFunction, index: number): boolean =>
  vectors.some(({ target }) => (target.kind === 'translater' || target.kind === 'translated') && target.its === index)

/** Segment in front, model behind; a name is text from outside, and only what can be a model's is taken for one. */
const SECTION = /^(?:([0-9a-f]{4}):.*\/)?([\w.+-]{1,64})$/s

function named({ name, deviceId, routingId = deviceId }: MsiFunction): NamedFunction {
  const [, segment = '0000', model = ''] = SECTION.exec(name) ?? []
  return { address: `${segment}:${pciAddress(routingId)}`, model, noun: nounOfModel(model), section: name }
}

/** `01:00.1` of 0x101. */
function pciAddress(routingId: number): string {
  const two = (n: number) => n.toString(16).padStart(2, '0')
  return `${two(routingId >>> 8)}:${two((routingId >>> 3) & 31)}.${routingId & 7}`
}

/** Segment 0 is the only one that most machines have. */
const shortAddress = ({ address }: NamedFunction): string => address.replace(/^0000:/, '')
