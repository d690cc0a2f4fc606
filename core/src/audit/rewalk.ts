import { ENTRY_BYTES, ID_LIMIT, type QuirkName } from '../abi/index.ts'
import { firstPast, type Gpa, type ReadonlyMemory } from '../memory/index.ts'
import { type Answer, type DteBlock, namedBlocks, STOP, walkTables } from '../tables/index.ts'
import type { WordWrite } from './finding.ts'
import type { MappedDevice, Mappings } from './mappings.ts'
import type { Scene } from './scene.ts'
import { Collector, restoredBy, type SimulatedRestore } from './simulate.ts'

/** By these a kernel leaves a table, forgets devices that it has restored, or jumps by words of its own. */
const INTRICATE: readonly QuirkName[] = ['scan-overrun', 'restore-needs-last-entry', 'proposed-head']

/** An LPI that no event has so far. */
const NEVER = 0x7fff_ffff

/** What more entries may read is not worth telling apart. */
const MOST_READERS = 64

/** Two restores, each between the same two devices: before the first and from the second on, they bring back the same. */
export interface Stretches {
  readonly before: SimulatedRestore
  readonly after: SimulatedRestore
}

/**
 * A restore that succeeds, and what becomes of it when a few words of its tables are others: only that is walked again which may come
 * out differently. A walk visits devices by DeviceID and knows of those behind it only which LPIs they have. So it is begun at the last
 * device before all that read a changed word, and ended at the first device after them that the restore visited too. If an LPI that only
 * one of both has mapped by then is named from there on, it does not tell enough.
 */
export class Rewalk {
  readonly #scene: Scene
  readonly #whole: SimulatedRestore
  readonly #blocks: readonly DteBlock[]
  readonly #itts: readonly MappedDevice[]
  /** Of the ITTs up to each place, where the one ends that ends last. */
  readonly #ends: readonly number[]
  /** By LPI: the row of the first event that has it, and the last DeviceID with an entry that names it, passed over or not. */
  readonly #firstRow = new Int32Array(ID_LIMIT).fill(NEVER)
  readonly #lastDevice = new Int32Array(ID_LIMIT).fill(-1)
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
        this.#firstRow[lpi] = Math.min(this.#firstRow[lpi]!, row)
        this.#lastDevice[lpi] = deviceId
      }
    }
    for (const [deviceId, taken] of whole.taken) {
      for (const lpi of taken.values()) this.#lastDevice[lpi] = Math.max(this.#lastDevice[lpi]!, deviceId)
    }
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
    const { view, profile } = this.#scene
    const { devices } = whole.mappings
    const first = Math.min(ID_LIMIT, ...concerned)
    const start = Math.max(0, firstPast(devices.length, (i) => devices[i]!.deviceId >= first) - 1)
    const startRow = devices[start]?.first ?? 0
    const isMapped: IsMapped = (lpi) => this.#firstRow[lpi]! < startRow || this.#isMappedBefore?.(lpi) === true
    const stretch = new Stretch(Math.max(0, ...concerned), whole.mappings)
    const walked = walkTables(memory, view, profile.quirks, stretch, {
      mostWork: this.#scene.share('restore') - whole.work,
      isMapped,
      from: start === 0 ? 0 : devices[start]!.deviceId,
    })
    const { objection } = walked
    // Whether bytes of an LPI are read hangs on who had it before.
    if (objection?.name === 'lpi-configuration' || objection?.name === 'lpi-pending') return undefined
    const { met } = stretch
    if (met === undefined ? walked.cut !== undefined : !this.#isJoined(stretch.mappings, startRow, met, isMapped))
      return undefined
    const after = { ...restoredBy(stretch, walked), cut: undefined }
    if (objection !== undefined) return { before: whole, after }
    const end = met === undefined ? devices.length : devices.indexOf(met, start)
    return { before: { ...whole, mappings: whole.mappings.between(start, end) }, after }
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

  /** Both walks at a device that the restore visits go the same way from there on: no LPI that only one has mapped is named any more. */
  #isJoined({ lpis }: Mappings, startRow: number, { deviceId, first }: MappedDevice, isMapped: IsMapped): boolean {
    const there = this.#whole.mappings.lpis.subarray(startRow, first)
    const matters = (lpi: number) => (lpi >= ID_LIMIT || this.#lastDevice[lpi]! >= deviceId) && !isMapped(lpi)
    return without(lpis, there).every((lpi) => !matters(lpi)) && without(there, lpis).every((lpi) => !matters(lpi))
  }
}

function without(lpis: Uint32Array, others: Uint32Array): Uint32Array {
  const known = new Set(others)
  return lpis.filter((lpi) => !known.has(lpi))
}

type IsMapped = (lpi: number) => boolean

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
