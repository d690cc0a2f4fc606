import { FIRST_LPI, VPT_PRIVATE_BYTES } from '../abi/index.ts'
import type { Gpa, GuestMemory } from '../memory/index.ts'

/**
 * The hardware's own copy of a vPE's pending bits: a cache that memory does not see.
 *
 * `load` is what the hardware does when a vPE is mapped for the first time, `store` what it does when it is unmapped for good.
 * In between, the virtual pending table in memory says nothing (IHI 0069, "Virtual LPI Pending tables"). The architecture lets
 * hardware write parts of it back at any time; the model never does, so that a reader who trusts memory too early is always wrong.
 */
export class PendingBits {
  /** vINTIDs are below this: 2 to the power of the table's INTID bits. */
  readonly limit: number
  readonly #words: Uint32Array

  /** @param intidBits 14 to 16; fewer hold no LPI. */
  constructor(intidBits: number) {
    this.limit = 2 ** intidBits
    this.#words = new Uint32Array(this.limit / 32)
  }

  /** Bytes of the table in memory. */
  get bytes(): number {
    return this.limit / 8
  }

  has(vintid: number): boolean {
    return ((this.#words[vintid >>> 5]! >>> (vintid & 31)) & 1) === 1
  }

  set(vintid: number): void {
    this.#words[vintid >>> 5]! |= 1 << (vintid & 31)
  }

  clear(vintid: number): void {
    this.#words[vintid >>> 5]! &= ~(1 << (vintid & 31))
  }

  /** The first pending vINTID that is `from` or above; -1 when there is none. */
  next(from: number): number {
    const words = this.#words
    let index = from >>> 5
    if (index >= words.length) return -1
    let word = words[index]! & (-1 << (from & 31))
    while (word === 0) {
      index += 1
      if (index >= words.length) return -1
      word = words[index]!
    }
    return index * 32 + 31 - Math.clz32(word & -word)
  }

  /** Reads the bits of LPIs; the implementation's own bytes below them are not pending bits. */
  load(memory: GuestMemory, vptAddr: Gpa): void {
    for (let index = FIRST_LPI / 32; index < this.#words.length; index++) {
      this.#words[index] = memory.u32((vptAddr + index * 4) as Gpa)
    }
  }

  /** Writes the bits of LPIs. */
  store(memory: GuestMemory, vptAddr: Gpa): void {
    for (let index = FIRST_LPI / 32; index < this.#words.length; index++) {
      memory.setU32((vptAddr + index * 4) as Gpa, this.#words[index]!)
    }
  }
}

/** True when the table in memory has a bit set for any LPI or any byte of the implementation's own area. */
export function vptHoldsBits(memory: GuestMemory, vptAddr: Gpa, bytes: number): boolean {
  for (let offset = 0; offset < Math.max(bytes, VPT_PRIVATE_BYTES); offset += 4) {
    if (memory.u32((vptAddr + offset) as Gpa) !== 0) return true
  }
  return false
}
