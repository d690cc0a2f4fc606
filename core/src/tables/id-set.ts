import { ID_LIMIT } from '../abi/index.ts'

/** INTIDs or ICIDs. A table may name INTIDs of 32 bits; up to 65535, where all are that a command accepts, each is one bit. */
export class IdSet {
  #bits: Int32Array | undefined
  readonly #others = new Set<number>()

  has(id: number): boolean {
    if (id >= ID_LIMIT) return this.#others.has(id)
    return this.#bits !== undefined && ((this.#bits[id >>> 5]! >>> (id & 31)) & 1) !== 0
  }

  add(id: number): void {
    if (id >= ID_LIMIT) this.#others.add(id)
    else {
      this.#bits ??= new Int32Array(ID_LIMIT / 32)
      this.#bits[id >>> 5]! |= 1 << (id & 31)
    }
  }
}
