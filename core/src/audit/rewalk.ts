import { ENTRY_BYTES, ID_LIMIT, type QuirkName } from '../abi/index.ts'
import { firstPast, type Gpa, type ReadonlyMemory } from '../memory/index.ts'
import { type Answer, type DteBlock, namedBlocks, STOP, walkTables } from '../tables/index.ts'
import type { WordWrite } from './finding.ts'
import { type MappedDevice, Mappings } from './mappings.ts'
import type { Scene } from './scene.ts'
import { Collector, restoredBy, type SimulatedRestore } from './simulate.ts'

/** By these a kernel leaves a table, forgets devices that it has restored, or jumps by words of its own. */
const INTRICATE: readonly QuirkName[] = ['scan-overrun', 'restore-needs-last-entry', 'proposed-head']

/** An LPI that no event has so far. */
const NEVER = 0x7fff_ffff

/** What more entries may read is not worth telling apart. */
const MOST_READERS = 64

/** Two restores of the same devices, not all of them: what they make of the others is the same. */
export interface Stretches {
  readonly before: SimulatedRestore
  readonly after: SimulatedRestore
}

/**
 * A restore that succeeds, and what becomes of it when a few words of its tables are others: only that is walked again which may come
 * out differently. A walk visits devices by DeviceID and knows of those behind it only which LPIs they have. So it is begun at the last
 * device before all that read a changed word, and ended at the first device after them that the restore visited too. Of an LPI that only
 * one of both has mapped by then, the device that names it next is walked as well: from there on both have mapped it.
 */
export class Rewalk {
  readonly #scene: Scene
  readonly #whole: SimulatedRestore
  readonly #blocks: readonly DteBlock[]
  readonly #itts: readonly MappedDevice[]
  /** Of the ITTs up to each place, where the one ends that ends last. */
  readonly #ends: readonly number[]
  /** By LPI: the row of the first event that has it, and the DeviceIDs with entries that name it after that, passed over or not. */
  readonly #firstRow = new Int32Array(ID_LIMIT).fill(NEVER)
  readonly #namedAgain = new Map<number, number[]>()
  readonly #isMappedBefore: IsMapped | undefined

  constructor(scene: Scene, whole: SimulatedRestore) {
    const { devices, events } = whole.mappings
    this.#scene = scene
    this.#whole = whole
    this.#isMappedBefore = scene.isMappedBefore(scene.profile.quirks)
    this.#blocks = [...namedBlocks(scene.memory, scene.view.deviceTable)]
    this.#itts = [...devices].sort((a, b) => a.ittAddr - b.ittAddr)
    let widest = 0
    this.#ends = this.#itts.map((device) => {
      widest = Math.max(widest, ittEnd(device))
      return widest
    })
    for (const { deviceId, first, count } of devices) {
      for (let row = first; row < first + count; row++) {
        const lpi = events.lpi[row]!
        if (this.#firstRow[lpi] === NEVER) this.#firstRow[lpi] = row
        else this.#nameAgain(lpi, deviceId)
      }
    }
    for (const [deviceId, taken] of whole.taken) for (const lpi of taken.values()) this.#nameAgain(lpi, deviceId)
  }

  #nameAgain(lpi: number, deviceId: number): void {
    const others = this.#namedAgain.get(lpi)
    if (others === undefined) this.#namedAgain.set(lpi, [deviceId])
    else others.push(deviceId)
  }

  /** Undefined for a restore of which a part does not tell enough. */
  static of(scene: Scene, whole: SimulatedRestore): Rewalk | undefined {
    const { objection, cut, mappings } = whole
    const isIntricate = INTRICATE.some((name) => scene.profile.quirks[name])
    if (isIntricate || objection !== undefined || cut !== undefined) return undefined
    if ((mappings.devices.at(-1)?.deviceId ?? 0) >= ID_LIMIT || mappings.lpis.some((lpi) => lpi >= ID_LIMIT)) return undefined
    return new Rewalk(scene, whole)
  }

  /**
   * The restore as it was and as it is in `memory`, where other words are at the places of `changed`. `deviceId`: one that both are to
   * tell of. Undefined where the whole walk must be done anew.
   */
  over(memory: ReadonlyMemory, changed: readonly Pick<WordWrite, 'at'>[], deviceId?: number): Stretches | undefined {
    const readers = this.#readersOf(changed)
    if (readers === undefined) return undefined
    const concerned = deviceId === undefined ? readers : [...readers, deviceId]
    const whole = this.#whole
    const { devices } = whole.mappings
    const first = Math.min(ID_LIMIT, ...concerned)
    const start = Math.max(0, firstPast(devices.length, (i) => devices[i]!.deviceId >= first) - 1)
    const last = Math.max(0, ...concerned)
    const stretch = this.#walk(memory, start, last, (lpi) => this.#isMappedAt(start, lpi))
    if (stretch === undefined) return undefined
    const { after, met } = stretch
    if (after.objection !== undefined) return { before: whole, after }
    const end = met === undefined ? devices.length : devices.indexOf(met, start)
    const before = new Mappings().append(whole.mappings, start, end)
    if (end === devices.length) return { before: { ...whole, mappings: before }, after }
    return this.#withBehind(memory, { before, after }, start, end)
  }

  /**
   * Walks from the device at one place to the last that is named, and up to the next that the restore visits too. Undefined where that
   * does not tell what a whole walk would.
   */
  #walk(memory: ReadonlyMemory, start: number, last: number, isMapped: IsMapped): Walk | undefined {
    const { view, profile } = this.#scene
    const { mappings, work } = this.#whole
    const stretch = new Stretch(last, mappings)
    const walked = walkTables(memory, view, profile.quirks, stretch, {
      mostWork: this.#scene.share('restore') - work,
      isMapped,
      from: start === 0 ? 0 : mappings.devices[start]!.deviceId,
    })
    const { objection, cut } = walked
    // Whether bytes of an LPI are read hangs on who had it before.
    if (objection?.name === 'lpi-configuration' || objection?.name === 'lpi-pending') return undefined
    const { met } = stretch
    if (met === undefined && cut !== undefined) return undefined
    return { after: { ...restoredBy(stretch, walked), cut: undefined }, met }
  }

  /** The restore has mapped an LPI before it comes to the device at a place. */
  #isMappedAt(place: number, lpi: number): boolean {
    const row = this.#whole.mappings.devices[place]?.first ?? 0
    return this.#firstRow[lpi]! < row || this.#isMappedBefore?.(lpi) === true
  }

  /** The same with what becomes of devices from the place `end` on, for the LPIs that only one of both has mapped before it. */
  #withBehind(memory: ReadonlyMemory, { before, after }: Part, start: number, end: number): Stretches | undefined {
    const { devices } = this.#whole.mappings
    const next = this.#nextToName(before.lpis, after.mappings.lpis, start, end)
    const places = [...new Set(next.values())].sort((a, b) => a - b)
    if (places.length > MOST_READERS) return undefined
    const mappings = new Mappings().append(after.mappings)
    const taken = new Map(after.taken)
    let { entries, work } = after
    for (const place of places) {
      const isMappedByOne = (lpi: number) => (next.get(lpi) ?? -1) >= place
      const isMapped = (lpi: number) => this.#isMappedAt(place, lpi) !== isMappedByOne(lpi)
      const behind = this.#walk(memory, place, devices[place]!.deviceId, isMapped)?.after
      if (behind === undefined || behind.objection !== undefined) return undefined
      before.append(this.#whole.mappings, place, place + 1)
      mappings.append(behind.mappings)
      for (const [deviceId, events] of behind.taken) taken.set(deviceId, events)
      entries += behind.entries
      work += behind.work
      // Of small tables the parts may be more than the whole.
      if (work > this.#whole.work) return undefined
    }
    return { before: { ...this.#whole, mappings: before }, after: { ...after, mappings, taken, entries, work } }
  }

  /** By LPI that only one of both has mapped between the places `start` and `end`, the place from there on of the first device that names it. */
  #nextToName(were: Uint32Array, are: Uint32Array, start: number, end: number): ReadonlyMap<number, number> {
    const { mappings } = this.#whole
    const { devices } = mappings
    const next = new Map<number, number>()
    for (const lpi of without(were, are)) {
      const ids = this.#namedAgain.get(lpi)?.filter((id) => id >= devices[end]!.deviceId) ?? []
      if (ids.length === 0 || this.#isMappedAt(start, lpi)) continue
      const id = Math.min(...ids)
      next.set(
        lpi,
        firstPast(devices.length, (i) => devices[i]!.deviceId >= id),
      )
    }
    for (const lpi of without(are, were)) {
      const row = this.#firstRow[lpi] ?? NEVER
      if (row !== NEVER && !this.#isMappedAt(start, lpi)) next.set(lpi, devices.indexOf(mappings.deviceOf(row), end))
    }
    return next
  }

  /** The DeviceIDs whose entries lie at these places; undefined where others read them too, or more than can be told at once. */
  #readersOf(changed: readonly Pick<WordWrite, 'at'>[]): number[] | undefined {
    const { deviceTable, collectionTable } = this.#scene.view
    const whole = deviceTable.indirect ? [deviceTable, collectionTable] : [collectionTable]
    const ids: number[] = []
    for (const { at } of changed) {
      if (whole.some(({ base, bytes }) => at >= base && at < base + bytes)) return undefined
      for (const { base, firstId, entries } of this.#blocks) {
        if (at >= base && at < base + entries * ENTRY_BYTES) ids.push(firstId + (at - base) / ENTRY_BYTES)
        if (ids.length > MOST_READERS) return undefined
      }
      for (let i = firstPast(this.#itts.length, (n) => this.#itts[n]!.ittAddr > at) - 1; i >= 0 && this.#ends[i]! > at; i--) {
        ids.push(this.#itts[i]!.deviceId)
        if (ids.length > MOST_READERS) return undefined
      }
    }
    return ids.some((id) => id >= ID_LIMIT) ? undefined : ids
  }
}

function without(lpis: Uint32Array, others: Uint32Array): Uint32Array {
  const known = new Set(others)
  return lpis.filter((lpi) => !known.has(lpi))
}

type IsMapped = (lpi: number) => boolean

/** What a restore was, and is, between two devices. */
interface Part {
  readonly before: Mappings
  readonly after: SimulatedRestore
}

/** What a part of a walk came to, and the device at which it met the restore again; undefined where it went on to its end. */
interface Walk {
  readonly after: SimulatedRestore
  readonly met: MappedDevice | undefined
}

/** What a walk brings back until it meets another one, behind the device `last`. */
class Stretch extends Collector {
  /** Where it met the other. */
  met: MappedDevice | undefined
  readonly #last: number
  readonly #other: Mappings

  constructor(last: number, other: Mappings) {
    super()
    this.#last = last
    this.#other = other
  }

  override device(deviceId: number, ittAddr: Gpa, eventIdBits: number, at: Gpa): Answer {
    if (deviceId > this.#last) this.met = this.#other.device(deviceId)
    return this.met === undefined ? super.device(deviceId, ittAddr, eventIdBits, at) : STOP
  }
}

const ittEnd = ({ ittAddr, eventIdBits }: MappedDevice): number => ittAddr + 2 ** eventIdBits * ENTRY_BYTES
