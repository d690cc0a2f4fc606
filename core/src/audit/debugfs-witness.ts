import { hex, type ListedDevice, type ListedIts } from '../abi/index.ts'
import { ruleRow } from './answer.ts'
import { type Evidence, evidence } from './finding.ts'
import type { Mappings } from './mappings.ts'
import { deviceName, eventName } from './names.ts'
import type { Scene } from './scene.ts'
import type { RuleOf } from './witness-rules.ts'

/** What the texts of debugfs come to, held against the tables of one ITS. */
export interface DebugfsOutcome {
  /** What vgic-its-state has; undefined where only vgic-state was given. */
  readonly listed: { readonly devices: number; readonly events: number } | undefined
  /** LPIs of vgic-state. */
  readonly lpis: number | undefined
  /** What they have and the tables do not, or other witnesses know otherwise, the first few in words, and how many: with one, nothing that they say is believed. */
  readonly differences: { readonly count: number; readonly first: readonly string[] }
}

const MOST_SHOWN = 3

/** The texts of debugfs as a witness of what KVM had mapped, at another moment than that of the save. */
export const debugfsWitness = (scene: Scene): DebugfsWitness => scene.once(makeWitness)

class DebugfsWitness {
  readonly outcome: DebugfsOutcome | undefined
  readonly #mappings: Mappings
  readonly #list: ListedIts | undefined
  readonly #lpis: ReadonlySet<number> | undefined
  /** Each of a device's events asks for it. */
  readonly #ofDevices = new Map<number, RuleOf<'debugfs'>>()

  constructor(scene: Scene) {
    this.#mappings = scene.tables.mappings
    this.#list = listOf(scene)
    this.#lpis = scene.kvmLists?.lpis
    this.outcome = this.#list === undefined && this.#lpis === undefined ? undefined : outcomeOf(scene, this.#list, this.#lpis)
  }

  /** What it says of a device of the tables. */
  device(deviceId: number): RuleOf<'debugfs'> {
    const known = this.#ofDevices.get(deviceId)
    if (known !== undefined) return known
    const rule = this.#ofDevice(deviceId)
    this.#ofDevices.set(deviceId, rule)
    return rule
  }

  #ofDevice(deviceId: number): RuleOf<'debugfs'> {
    if (this.outcome === undefined) return 'R-debugfs-none'
    if (this.outcome.differences.count > 0) return 'R-debugfs-moment'
    if (this.#list?.devices.has(deviceId) === true) return 'R-debugfs-listed'
    const rows = [...this.#rows(deviceId)]
    const { icid, lpi } = this.#mappings.events
    if (this.#list !== undefined) {
      return rows.some((row) => this.#mappings.collections.has(icid[row]!)) ? 'R-debugfs-unlisted' : 'R-debugfs-bare'
    }
    return rows.length > 0 && rows.every((row) => !this.#lpis!.has(lpi[row]!)) ? 'R-debugfs-lpi' : 'R-debugfs-bare'
  }

  /** What it says of an event of the tables. */
  event(deviceId: number, eventId: number): RuleOf<'debugfs'> {
    const ofDevice = this.device(deviceId)
    const row = this.#mappings.row(deviceId, eventId)
    if (row < 0 || ofDevice === 'R-debugfs-none' || ofDevice === 'R-debugfs-moment') return ofDevice
    const { icid, lpi } = this.#mappings.events
    const listed = this.#list?.devices.get(deviceId)
    if (this.#list === undefined) return this.#lpis!.has(lpi[row]!) ? 'R-debugfs-bare' : 'R-debugfs-lpi'
    if (listed === undefined) return ofDevice
    if (listed.events.has(eventId)) return 'R-debugfs-listed'
    return this.#mappings.collections.has(icid[row]!) ? 'R-debugfs-event' : 'R-debugfs-bare'
  }

  /** What speaks for a device's being gone. */
  onDevice(deviceId: number): Evidence[] {
    return said(this.device(deviceId), 'none of its events is on the list of KVM')
  }

  /** What speaks for an event's being gone. */
  onEvent(deviceId: number, eventId: number): Evidence[] {
    return said(this.event(deviceId, eventId), 'it is not on the list of KVM')
  }

  *#rows(deviceId: number): Generator<number> {
    const { first, count } = this.#mappings.device(deviceId) ?? { first: 0, count: 0 }
    for (let row = first; row < first + count; row++) yield row
  }
}

const said = (rule: RuleOf<'debugfs'>, isNotListed: string): Evidence[] => {
  if (ruleRow(rule).says !== 'dead') return []
  const says = rule === 'R-debugfs-lpi' ? 'KVM did not have its LPI at another moment' : `${isNotListed} of another moment`
  return [evidence(rule, says, undefined)]
}

/** That of its address; where the VM has one ITS and one text has no address, that one. */
function listOf({ kvmLists, its, registers }: Scene): ListedIts | undefined {
  const itses = kvmLists?.itses ?? []
  const named = itses.find(({ base }) => base !== undefined && base === its.base)
  const [only, ...others] = itses
  const isOnly = others.length === 0 && registers.itses.length === 1
  return named ?? (isOnly && (only?.base === undefined || its.base === undefined) ? only : undefined)
}

function outcomeOf(scene: Scene, list: ListedIts | undefined, lpis: ReadonlySet<number> | undefined): DebugfsOutcome {
  const first: string[] = []
  let count = 0
  const differs = (words: string) => {
    if (count++ < MOST_SHOWN) first.push(words)
  }
  let events = 0
  for (const [deviceId, device] of list?.devices ?? []) {
    events += device.events.size
    for (const words of deviceDifferences(scene.tables.mappings, deviceId, device)) differs(words)
  }
  for (const words of unlikeTheGuests(scene, list, lpis)) differs(words)
  // LPIs are the whole VM's.
  const known = new Set(scene.vm.flatMap(({ tables }) => [...tables.mappings.lpis]))
  for (const lpi of lpis ?? []) if (!known.has(lpi)) differs(`LPI ${lpi} is no event's`)
  const listed = list === undefined ? undefined : { devices: list.devices.size, events }
  return { listed, lpis: lpis?.size, differences: { count, first } }
}

/** What other witnesses know of the moment of the save, and the texts have otherwise: the guest mapped it since, or unmapped it. */
function* unlikeTheGuests(
  { tables: { mappings }, beliefs }: Scene,
  list: ListedIts | undefined,
  lpis: ReadonlySet<number> | undefined,
): Generator<string> {
  const { eventId, lpi, icid } = mappings.events
  for (const { deviceId, first, count } of mappings.devices) {
    for (let row = first; row < first + count; row++) {
      const id = eventId[row]!
      const belief = beliefs.eventBelief(deviceId, id)
      const isListed = list?.devices.get(deviceId)?.events.has(id) === true
      const isLacking = list === undefined ? !lpis!.has(lpi[row]!) : !isListed && mappings.collections.has(icid[row]!)
      if (belief === 'live' && isLacking) yield `it lacks ${eventName(deviceId, id)}, which is live`
      if (belief === 'dead' && isListed) yield `it has ${eventName(deviceId, id)}, which the guest unmapped`
    }
  }
}

function* deviceDifferences(mappings: Mappings, deviceId: number, device: ListedDevice): Generator<string> {
  const inTables = mappings.device(deviceId)
  if (inTables === undefined) return yield `${deviceName(deviceId)} is not valid`
  if (inTables.eventIdBits !== device.eventIdBits) {
    return yield `${deviceName(deviceId)} has ${inTables.eventIdBits} EventID bits and not ${device.eventIdBits}`
  }
  const { lpi, icid } = mappings.events
  for (const [eventId, listed] of device.events) {
    const row = mappings.row(deviceId, eventId)
    const name = eventName(deviceId, eventId)
    if (row < 0) yield `${name} is not valid`
    else if (lpi[row] !== listed.lpi) yield `${name} has LPI ${lpi[row]} and not ${listed.lpi}`
    else if (icid[row] !== listed.icid) yield `${name} is of collection ${icid[row]} and not ${listed.icid}`
    else if (mappings.collections.get(listed.icid) !== listed.rdBase) {
      yield `collection ${listed.icid} goes to ${targetName(mappings.collections.get(listed.icid))} and not to ${targetName(listed.rdBase)}`
    }
  }
}

const targetName = (rdBase: number | undefined): string => (rdBase === undefined ? 'no vCPU' : `vCPU ${hex(rdBase)}`)

const makeWitness = (scene: Scene): DebugfsWitness => new DebugfsWitness(scene)
