import { farName } from './block-key.ts'

/** 2^32 divided by the golden ratio (Knuth's multiplicative hashing). The top bits of the product spread best. */
const FIBONACCI = 0x9e3779b1
const FIRST_BITS = 7
const { imul } = Math

/** The index of the pair where a key is looked for first. */
const homeOf = (key: number, shift: number): number => (imul(key, FIBONACCI) >>> shift) << 1

/**
 * Finds a block by its device's slot and its key: open addressing over pairs [key, block], at most half full, so a lookup mostly
 * touches one cache line. Block 0 marks an empty place. Far keys do not name their device: they have a map of their own.
 */
export class BlockHash {
  readonly #far = new Map<number, number>()
  #pairs = new Int32Array(2 << FIRST_BITS)
  /** Of the index of a pair in `#pairs`, which is even. */
  #mask = (2 << FIRST_BITS) - 2
  #shift = 32 - FIRST_BITS
  #count = 0

  /** The block of `key`, or 0. */
  find(slot: number, key: number): number {
    if (key < 0) return this.#findFar(slot, key)
    const pairs = this.#pairs
    let at = homeOf(key, this.#shift)
    while (pairs[at] !== key && pairs[at | 1] !== 0) at = (at + 2) & this.#mask
    return pairs[at | 1]!
  }

  #findFar(slot: number, key: number): number {
    return this.#far.get(farName(slot, key)) ?? 0
  }

  /** Enters a key that is not there. */
  put(slot: number, key: number, block: number): void {
    if (key < 0) {
      this.#far.set(farName(slot, key), block)
      return
    }
    if ((this.#count + 1) * 4 >= this.#pairs.length) this.#grow()
    this.#insert(key, block)
    this.#count++
  }

  /** Takes a key out that is there, moving later pairs back: no tombstones, so lookups stay short. */
  remove(slot: number, key: number): void {
    if (key < 0) {
      this.#far.delete(farName(slot, key))
      return
    }
    const pairs = this.#pairs
    const mask = this.#mask
    let hole = homeOf(key, this.#shift)
    while (pairs[hole] !== key || pairs[hole | 1] === 0) hole = (hole + 2) & mask
    for (let at = (hole + 2) & mask; pairs[at | 1] !== 0; at = (at + 2) & mask) {
      const home = homeOf(pairs[at]!, this.#shift)
      if (((at - home) & mask) < ((at - hole) & mask)) continue
      pairs[hole] = pairs[at]!
      pairs[hole | 1] = pairs[at | 1]!
      hole = at
    }
    pairs[hole] = 0
    pairs[hole | 1] = 0
    this.#count--
  }

  #insert(key: number, block: number): void {
    const pairs = this.#pairs
    const mask = this.#mask
    let at = homeOf(key, this.#shift)
    while (pairs[at | 1] !== 0) at = (at + 2) & mask
    pairs[at] = key
    pairs[at | 1] = block
  }

  #grow(): void {
    const old = this.#pairs
    this.#pairs = new Int32Array(old.length * 2)
    this.#mask = this.#pairs.length - 2
    this.#shift--
    for (let at = 0; at < old.length; at += 2) if (old[at + 1] !== 0) this.#insert(old[at]!, old[at + 1]!)
  }
}
