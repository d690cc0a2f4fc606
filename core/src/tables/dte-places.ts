import { ENTRY_BYTES, L2_BYTES, L2_ENTRIES } from '../abi/index.ts'
import type { Its } from '../its/index.ts'
import type { Gpa } from '../memory/index.ts'

/**
 * Where the DTEs of many devices are, as `Its.dteAt` tells for one: the second-level page of the last answer is kept, when all of
 * it is in RAM.
 */
export class DtePlaces {
  readonly #its: Its
  /** The DeviceIDs whose places are known to follow one another from `#base` on. */
  #from = 0
  #to = 0
  #base = 0

  readonly #tableBase: number
  readonly #tableEnd: number

  constructor(its: Its) {
    this.#its = its
    this.#tableBase = its.deviceTable.base
    this.#tableEnd = its.deviceTable.base + its.deviceTable.bytes
  }

  /** The address of a device's DTE, or -1 when it cannot be stored. */
  at(deviceId: number): number {
    if (deviceId >= this.#from && deviceId < this.#to) return this.#base + (deviceId - this.#from) * ENTRY_BYTES
    const at = this.#its.dteAt(deviceId)
    if (at >= 0 && this.#its.deviceTable.indirect) this.#keep(deviceId - (deviceId % L2_ENTRIES), at)
    return at
  }

  /** `bytes` from `at` on were written: if a first-level entry is among them, what was known is forgotten. */
  written(at: number, bytes: number): void {
    if (at < this.#tableEnd && at + bytes > this.#tableBase) this.#to = 0
  }

  #keep(firstId: number, at: number): void {
    const base = at - (at % L2_BYTES)
    if (!this.#its.memory.contains(base as Gpa, L2_BYTES)) return
    this.#from = firstId
    this.#to = firstId + L2_ENTRIES
    this.#base = base
  }
}
