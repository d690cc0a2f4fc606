import { ID_LIMIT } from '../abi/index.ts'

/** INTIDs or ICIDs. A table may name INTIDs of 32 bits; up to 65535, where all are that a command accepts, each is one bit. */
export class IdSet {
  #bits: Int32Array | undefined
  readonly #others = new Set<number>()

  has(id: number): boolean {
    if (id >= ID_LIMIT) return this.#others.has(id)
    return this.#bits !== undefined && ((this.#bits[id >>> 5]! >>> (id & 31)) & 1) !== 0
  }

  /** Adds an id; false when it was there. */
  add(id: number): boolean {
    if (id >= ID_LIMIT) return this.#addOther(id)
    const bits = this.#bits ?? this.#firstBits()
    const word = bits[id >>> 5]!
    const bit = 1 << (id & 31)
    bits[id >>> 5] = word | bit
    return (word & bit) === 0
  }

  #addOther(id: number): boolean {
    const isNew = !this.#others.has(id)
    this.#others.add(id)
    return isNew
  }

  #firstBits(): Int32Array {
    this.#bits = new Int32Array(ID_LIMIT / 32)
    return this.#bits
  }
}
