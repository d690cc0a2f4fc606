import { LPI_LIMIT } from '../abi/index.ts'

/** INTIDs of LPIs. A table may name any of 32 bits; those up to 65535, which are all that MAPTI accepts, are one bit each. */
export class LpiSet {
  #bits: Int32Array | undefined
  readonly #others = new Set<number>()

  has(intid: number): boolean {
    if (intid >= LPI_LIMIT) return this.#others.has(intid)
    return this.#bits !== undefined && ((this.#bits[intid >>> 5]! >>> (intid & 31)) & 1) !== 0
  }

  add(intid: number): void {
    if (intid >= LPI_LIMIT) this.#others.add(intid)
    else {
      this.#bits ??= new Int32Array(LPI_LIMIT / 32)
      this.#bits[intid >>> 5]! |= 1 << (intid & 31)
    }
  }
}
