/** Records, each once and whole, in the order in which they were added. No fingerprints: two that differ are never taken for one. */
export class StateSet {
  count = 0
  readonly #words: number
  #data: Int32Array
  #slots = new Int32Array(1 << 12)

  /** `bytes` of a record: a multiple of four. */
  constructor(bytes: number) {
    this.#words = bytes / 4
    this.#data = new Int32Array(this.#words * 1024)
  }

  /** Copies a record out. */
  get(index: number, into: Uint8Array): void {
    const from = index * this.#words * 4
    into.set(new Uint8Array(this.#data.buffer, from, this.#words * 4))
  }

  /** The bytes kept, for a look: until the next `add`. */
  get kept(): Uint8Array {
    return new Uint8Array(this.#data.buffer, 0, this.count * this.#words * 4)
  }

  /** Adds a record, seen as words. Its index; -1 - index when it is new. */
  add(record: Int32Array): number {
    if (this.count * 2 >= this.#slots.length) this.#rehash()
    const slots = this.#slots
    const mask = slots.length - 1
    let at = hashOf(record, 0, this.#words) & mask
    for (; slots[at] !== 0; at = (at + 1) & mask) {
      const index = slots[at]! - 1
      if (this.#holds(index, record)) return index
    }
    if ((this.count + 1) * this.#words > this.#data.length) this.#grow()
    this.#data.set(record, this.count * this.#words)
    slots[at] = ++this.count
    return -this.count
  }

  #holds(index: number, record: Int32Array): boolean {
    const from = index * this.#words
    for (let i = 0; i < this.#words; i++) if (this.#data[from + i] !== record[i]) return false
    return true
  }

  #grow(): void {
    const data = new Int32Array(this.#data.length * 2)
    data.set(this.#data)
    this.#data = data
  }

  #rehash(): void {
    const slots = new Int32Array(this.#slots.length * 4)
    const mask = slots.length - 1
    for (let index = 0; index < this.count; index++) {
      let at = hashOf(this.#data, index * this.#words, this.#words) & mask
      while (slots[at] !== 0) at = (at + 1) & mask
      slots[at] = index + 1
    }
    this.#slots = slots
  }
}

/** A number of 32 bits for the `count` words from `from` on. */
export function hashOf(words: Int32Array, from: number, count: number): number {
  let hash = 0x811c9dc5
  for (let i = from; i < from + count; i++) {
    hash = Math.imul(hash ^ words[i]!, 0x9e3779b1)
    hash ^= hash >>> 15
  }
  hash = Math.imul(hash ^ (hash >>> 13), 0x2c1b3c6d)
  return (hash ^ (hash >>> 16)) >>> 0
}
