import type { Manners } from './manners.ts'
import { FIRST_LPI } from './places.ts'

const BLOCK = 32

/** Which LPIs a guest gives to its vectors. */
export class LpiNumbers {
  readonly #how: Manners['lpis']
  readonly #taken = new Set<number>()
  readonly #blocks = new Map<number, number>()
  #next = FIRST_LPI

  constructor(how: Manners['lpis']) {
    this.#how = how
  }

  /** The LPI of a device's vector. */
  take(deviceId: number, vector: number): number {
    const lpi = this.#how === 'blocks' ? this.#blockOf(deviceId) + vector : this.#how === 'new' ? this.#next++ : this.#free()
    this.#taken.add(lpi)
    return lpi
  }

  give(lpi: number): void {
    this.#taken.delete(lpi)
  }

  /** The device has no vector any more, and its block is free. */
  giveBlock(deviceId: number): void {
    this.#blocks.delete(deviceId)
  }

  #free(): number {
    let lpi = FIRST_LPI
    while (this.#taken.has(lpi)) lpi++
    return lpi
  }

  #blockOf(deviceId: number): number {
    const known = this.#blocks.get(deviceId)
    if (known !== undefined) return known
    const taken = new Set(this.#blocks.values())
    let block = FIRST_LPI
    while (taken.has(block)) block += BLOCK
    this.#blocks.set(deviceId, block)
    return block
  }
}
