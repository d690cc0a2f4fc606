// The events of the lean ITS (`lean-its.ts`): blocks of eight, 64 bytes of [LPI, ICID] each. A hash with open addressing finds the block of
// (slot of a device, EventID >> 3); the blocks of a device are a list in the order of EventIDs, so that nothing is sorted for a save.

const SHIFT = 3
const EVENTS = 1 << SHIFT
const MASK = EVENTS - 1
/** Of a block in `ite`. */
export const BLOCK_WORDS = EVENTS * 2

export class LeanEvents {
  count = 0
  /** LPI and ICID of each event of each block; LPI 0 is not mapped. */
  ite = new Int32Array(1024 * BLOCK_WORDS)
  #key = new Int32Array(1024)
  #next = new Int32Array(1024)
  #blocks = 1
  #free = 0
  /** Key and block in turn; block 0 is none. */
  #hash = new Int32Array(4096)
  #hashMask = 2047
  #hashShift = 21
  #hashUsed = 0
  /** The first and the last block of each slot. */
  #head = new Int32Array(64)
  #tail = new Int32Array(64)

  /** The slot has no events. */
  addSlot(slot: number): void {
    if (slot >= this.#head.length) {
      this.#head = grown(this.#head)
      this.#tail = grown(this.#tail)
    }
    this.#head[slot] = 0
    this.#tail[slot] = 0
  }

  first(slot: number): number {
    return this.#head[slot]!
  }

  next(block: number): number {
    return this.#next[block]!
  }

  firstEvent(block: number): number {
    return (this.#key[block]! & 0x1fff) << SHIFT
  }

  /** Where the LPI of an event stands in `ite`, its ICID follows; -1 for one that is not mapped. */
  find(slot: number, eventId: number): number {
    if (eventId >>> 16 !== 0) return -1
    const block = this.block(slot, eventId)
    return block === 0 || !this.isMapped(block, eventId) ? -1 : block * BLOCK_WORDS + (eventId & MASK) * 2
  }

  /** The block that an event of 16 bits is in, 0 for none. */
  block(slot: number, eventId: number): number {
    return this.#find((slot << 13) | (eventId >>> SHIFT))
  }

  isMapped(block: number, eventId: number): boolean {
    return this.ite[block * BLOCK_WORDS + (eventId & MASK) * 2] !== 0
  }

  /** Maps an event that is not mapped. The hint is a block that it may be in, the answer the block that it is in. */
  add(slot: number, eventId: number, lpi: number, icid: number, hint: number): number {
    const key = (slot << 13) | (eventId >>> SHIFT)
    let block = hint !== 0 && this.#key[hint] === key ? hint : this.#find(key)
    if (block === 0) block = this.#add(slot, key)
    const at = block * BLOCK_WORDS + (eventId & MASK) * 2
    this.ite[at] = lpi
    this.ite[at + 1] = icid
    this.count++
    return block
  }

  /** Unmaps all events of a slot and tells `freed` of each LPI. */
  removeAll(slot: number, freed: (lpi: number) => void): void {
    for (let block = this.#head[slot]!; block !== 0; ) {
      const next = this.#next[block]!
      for (let at = block * BLOCK_WORDS; at < (block + 1) * BLOCK_WORDS; at += 2) {
        const lpi = this.ite[at]!
        if (lpi === 0) continue
        freed(lpi)
        this.ite[at] = 0
        this.count--
      }
      this.#removeKey(this.#key[block]!)
      this.#next[block] = this.#free
      this.#free = block
      block = next
    }
    this.#head[slot] = 0
    this.#tail[slot] = 0
  }

  #find(key: number): number {
    const [hash, mask] = [this.#hash, this.#hashMask]
    for (let place = this.#home(key); ; place = (place + 1) & mask) {
      const block = hash[2 * place + 1]!
      if (block === 0) return 0
      if (hash[2 * place] === key) return block
    }
  }

  #add(slot: number, key: number): number {
    let block = this.#free
    if (block !== 0) this.#free = this.#next[block]!
    else {
      block = this.#blocks++
      if (block === this.#key.length) this.#grow()
    }
    this.#key[block] = key
    this.#link(slot, block, key)
    if ((this.#hashUsed + 1) * 2 > this.#hashMask) this.#growHash()
    this.#put(key, block)
    return block
  }

  #link(slot: number, block: number, key: number): void {
    const [keys, nexts, tail] = [this.#key, this.#next, this.#tail[slot]!]
    nexts[block] = 0
    if (tail === 0 || keys[tail]! < key) {
      if (tail === 0) this.#head[slot] = block
      else nexts[tail] = block
      this.#tail[slot] = block
      return
    }
    let before = 0
    let after = this.#head[slot]!
    while (keys[after]! < key) {
      before = after
      after = nexts[after]!
    }
    nexts[block] = after
    if (before === 0) this.#head[slot] = block
    else nexts[before] = block
  }

  #grow(): void {
    this.ite = grown(this.ite)
    this.#key = grown(this.#key)
    this.#next = grown(this.#next)
  }

  #home(key: number): number {
    return Math.imul(key, 0x9e3779b1) >>> this.#hashShift
  }

  #put(key: number, block: number): void {
    const [hash, mask] = [this.#hash, this.#hashMask]
    let place = this.#home(key)
    while (hash[2 * place + 1] !== 0) place = (place + 1) & mask
    hash[2 * place] = key
    hash[2 * place + 1] = block
    this.#hashUsed++
  }

  #growHash(): void {
    const before = this.#hash
    this.#hash = new Int32Array(before.length * 2)
    this.#hashMask = this.#hash.length / 2 - 1
    this.#hashShift--
    this.#hashUsed = 0
    for (let at = 0; at < before.length; at += 2) if (before[at + 1] !== 0) this.#put(before[at]!, before[at + 1]!)
  }

  /** What follows moves back over it, so that no mark of a removed key is needed. */
  #removeKey(key: number): void {
    const [hash, mask] = [this.#hash, this.#hashMask]
    let gap = this.#home(key)
    while (hash[2 * gap] !== key || hash[2 * gap + 1] === 0) gap = (gap + 1) & mask
    for (let place = (gap + 1) & mask; hash[2 * place + 1] !== 0; place = (place + 1) & mask) {
      if (((place - this.#home(hash[2 * place]!)) & mask) < ((place - gap) & mask)) continue
      hash[2 * gap] = hash[2 * place]!
      hash[2 * gap + 1] = hash[2 * place + 1]!
      gap = place
    }
    hash[2 * gap + 1] = 0
    this.#hashUsed--
  }
}

function grown(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2)
  larger.set(array)
  return larger
}
