import type { Gpa } from './gpa.ts'
import type { Region } from './region.ts'

/**
 * A table of bytes in guest RAM, such as the configuration of LPIs, read by index. In a flat region no address is looked up, nor even
 * worked out.
 */
export class ByteTable {
  readonly base: Gpa
  readonly #find: (at: Gpa) => Region | undefined
  readonly #byte: (at: Gpa) => number
  /** Where the table lies, as soon as that is known: in this region, from this offset on. A 32-bit integer, and so is what is read at. */
  #region: Region
  #offset = 0

  /** `find` tells which region holds an address, `byte` reads one anywhere; `empty` holds none. */
  constructor(base: Gpa, empty: Region, find: (at: Gpa) => Region | undefined, byte: (at: Gpa) => number) {
    this.base = base
    this.#region = empty
    this.#find = find
    this.#byte = byte
  }

  /** The byte at `index`, from 0 on. @throws KvmError EFAULT outside RAM. */
  u8(index: number): number {
    const region = this.#region
    const offset = this.#offset + index
    // A shift counts modulo 32.
    return offset < region.smallBytes ? (region.words[offset >> 2]! >>> (offset << 3)) & 0xff : this.#anywhere(index)
  }

  #anywhere(index: number): number {
    const region = this.#find(this.base)
    if (region !== undefined && this.base - region.base < region.smallBytes) {
      this.#region = region
      this.#offset = (this.base - region.base) | 0
    }
    return this.#byte((this.base + index) as Gpa)
  }
}
