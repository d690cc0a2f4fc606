import { farName } from './block-key.ts'

/** 2^32 divided by the golden ratio (Knuth's multiplicative hashing). The top bits of the product spread best. */
const FIBONACCI = 0x9e3779b1
const FIRST_BITS = 7

/**
 * Finds a block by its device's slot and its key: open addressing over pairs [key, block], at most half full, so a lookup mostly
 * touches one cache line. Block 0 marks an empty place. Far keys do not name their device: they have a map of their own.
 */
export class BlockHash {
  readonly #far = new Map<number, number>()
  #pairs = new Int32Array(2 << FIRST_BITS)
  #mask = (1 << FIRST_BITS) - 1
  #shift = 32 - FIRST_BITS
  #count = 0

  /** The block of `key`, or 0. */
  find(slot: number, key: number): number {
    if (key < 0) return this.#far.get(farName(slot, key)) ?? 0
    const pairs = this.#pairs
    const mask = this.#mask
    for (let place = Math.imul(key, FIBONACCI) >>> this.#shift; ; place = (place + 1) & mask) {
      const block = pairs[2 * place + 1]!
      if (block === 0 || pairs[2 * place] === key) return block
    }
  }

  /** Enters a key that is not there. */
  put(slot: number, key: number, block: number): void {
    if (key < 0) {
      this.#far.set(farName(slot, key), block)
      return
    }
    if ((this.#count + 1) * 2 > this.#mask) this.#grow()
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
    let hole = Math.imul(key, FIBONACCI) >>> this.#shift
    while (pairs[2 * hole] !== key || pairs[2 * hole + 1] === 0) hole = (hole + 1) & mask
    for (let place = (hole + 1) & mask; pairs[2 * place + 1] !== 0; place = (place + 1) & mask) {
      const home = Math.imul(pairs[2 * place]!, FIBONACCI) >>> this.#shift
      if (((place - home) & mask) < ((place - hole) & mask)) continue
      pairs[2 * hole] = pairs[2 * place]!
      pairs[2 * hole + 1] = pairs[2 * place + 1]!
      hole = place
    }
    pairs[2 * hole] = 0
    pairs[2 * hole + 1] = 0
    this.#count--
  }

  #insert(key: number, block: number): void {
    const pairs = this.#pairs
    const mask = this.#mask
    let place = Math.imul(key, FIBONACCI) >>> this.#shift
    while (pairs[2 * place + 1] !== 0) place = (place + 1) & mask
    pairs[2 * place] = key
    pairs[2 * place + 1] = block
  }

  #grow(): void {
    const old = this.#pairs
    this.#pairs = new Int32Array(old.length * 2)
    this.#mask = old.length - 1
    this.#shift--
    for (let at = 0; at < old.length; at += 2) if (old[at + 1] !== 0) this.#insert(old[at]!, old[at + 1]!)
  }
}
