import { ENTRY_BYTES, ID_LIMIT, L2_BYTES, L2_ENTRIES } from '../abi/index.ts'
import type { Its } from '../its/index.ts'
import type { Gpa } from '../memory/index.ts'

const NOWHERE = -1

/**
 * Where the DTEs of many devices are, as `Its.dteAt` tells for one: the flat table, or the second-level page of the last answer, is
 * kept when all of it is in RAM, and no DTE in it is a first-level entry too.
 */
export class DtePlaces {
  /** Where the entries lie that `entry` last told the number of. */
  base = 0
  readonly #its: Its
  /** The DeviceIDs whose entries are known to follow one another from `base` on. */
  #from = 0
  #to = 0
  /** What a write of a first-level entry would fall into. */
  readonly #l1Base: number
  readonly #l1End: number

  constructor(its: Its) {
    const { indirect, base, bytes } = its.deviceTable
    this.#its = its
    this.#l1Base = base
    this.#l1End = indirect ? base + bytes : base
  }

  /** The address of a device's DTE, or -1 when it cannot be stored. */
  at(deviceId: number): number {
    const entry = this.entry(deviceId)
    return entry < 0 ? NOWHERE : this.base + entry * ENTRY_BYTES
  }

  /** The number of a device's DTE among the entries at `base`, or -1 when it cannot be stored. */
  entry(deviceId: number): number {
    return deviceId >= this.#from && deviceId < this.#to ? deviceId - this.#from : this.#seek(deviceId)
  }

  /** Events were saved to `bytes` from `at` on: if a first-level entry is among them, what was known is forgotten. */
  written(at: number, bytes: number): void {
    if (this.#isInFirstLevel(at, bytes)) this.#to = 0
  }

  #isInFirstLevel(at: number, bytes: number): boolean {
    return at < this.#l1End && at + bytes > this.#l1Base
  }

  #seek(deviceId: number): number {
    const at = this.#its.dteAt(deviceId)
    if (at < 0) return NOWHERE
    const { indirect, bytes } = this.#its.deviceTable
    const entry = indirect ? deviceId & (L2_ENTRIES - 1) : deviceId
    const blockBase = at - entry * ENTRY_BYTES
    const blockBytes = indirect ? L2_BYTES : bytes
    const isKept = this.#its.memory.contains(blockBase as Gpa, blockBytes) && !this.#isInFirstLevel(blockBase, blockBytes)
    this.base = isKept ? blockBase : at
    this.#from = isKept ? deviceId - entry : 0
    this.#to = isKept ? Math.min(this.#from + blockBytes / ENTRY_BYTES, ID_LIMIT) : 0
    return isKept ? entry : 0
  }
}
