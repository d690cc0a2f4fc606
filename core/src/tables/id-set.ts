import { ID_LIMIT } from '../abi/index.ts'

// Constants of its own: an imported one is loaded for each event.
const LIMIT = ID_LIMIT
const LOW = 32
/** So many ids are kept in a list, which a walk of a few devices does not leave. */
const FEW = 16

/** INTIDs or ICIDs. A table may name INTIDs of 32 bits; up to 65535, where all are that a command accepts, each is one bit. */
export class IdSet {
  /** Ids below 32, which most ICIDs are. */
  #low = 0
  readonly #few: number[] = []
  #bits: Int32Array | undefined
  readonly #others = new Set<number>()

  has(id: number): boolean {
    return id < LOW ? ((this.#low >>> id) & 1) !== 0 : this.#hasHigher(id)
  }

  #hasHigher(id: number): boolean {
    if (id >= LIMIT) return this.#others.has(id)
    const bits = this.#bits
    return bits === undefined ? this.#few.includes(id) : ((bits[id >>> 5]! >>> (id & 31)) & 1) !== 0
  }

  /** Adds an id; false when it was there. */
  add(id: number): boolean {
    const bits = this.#bits
    if (bits === undefined || id < LOW || id >= LIMIT) return this.#addSeldom(id)
    const word = bits[id >>> 5]!
    const bit = 1 << (id & 31)
    bits[id >>> 5] = word | bit
    return (word & bit) === 0
  }

  #addSeldom(id: number): boolean {
    if (id >= LIMIT) return this.#addOther(id)
    if (id >= LOW) return this.#addToFew(id)
    const isNew = !this.has(id)
    this.#low |= 1 << id
    return isNew
  }

  #addOther(id: number): boolean {
    const isNew = !this.#others.has(id)
    this.#others.add(id)
    return isNew
  }

  #addToFew(id: number): boolean {
    const few = this.#few
    if (few.includes(id)) return false
    few.push(id)
    if (few.length > FEW) {
      this.#bits = new Int32Array(ID_LIMIT / 32)
      for (const one of few) this.add(one)
    }
    return true
  }
}
