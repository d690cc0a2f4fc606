import { BlockDirectory } from './block-directory.ts'
import { BlockHash } from './block-hash.ts'
import { BLOCK_EVENTS, blockKey, nearKeyAt, placeOf } from './block-key.ts'
import { grown } from './grown.ts'
import type { Lpis } from './lpis.ts'

/** 32-bit words of an event and of a block. */
export const EVENT_WORDS = 2
export const BLOCK_WORDS = BLOCK_EVENTS * EVENT_WORDS
// The compiler knows a constant of this module that no other has, and loads others each time.
const WORDS = BLOCK_WORDS
const BLOCK_SHIFT = 4
const INDEX_SHIFT = 1
const EVENT_MASK = BLOCK_EVENTS - 1
/** A device with more blocks than this gets a directory. */
const DIRECTORY_FROM = 32

const ICID_MASK = 0xffff
/** The event's collection is gone (KVM: `collection = NULL`); only freeing the event heals that. */
const DETACHED = 0x10000
const EPOCH_SHIFT = 17
const EPOCH_LIMIT = 1 << (32 - EPOCH_SHIFT)

/** The index in `words` of an event of a block. */
const indexIn = (block: number, eventId: number): number => (block << BLOCK_SHIFT) | ((eventId & EVENT_MASK) << INDEX_SHIFT)

/**
 * The events an ITS has mapped: (device slot, EventID) to LPI and ICID.
 *
 * An event is two words, its LPI handle (see `Lpis`; 0: not mapped) and its ICID with two marks. Eight events make a block of 64
 * bytes, one cache line. Blocks are found by an open-addressing hash of their keys and chained per device in EventID order, so a
 * save needs no sort. An emptied block is freed.
 *
 * The upper half of the second word holds the epoch in which the event was last translated: KVM's translation cache, see
 * `translation.ts`. Each event holds one reference of its LPI and gives it back when it goes.
 */
export class Events {
  /** Events mapped. */
  count = 0
  /** The event words; replaced when it grows: do not keep it across an `add`. */
  words = new Int32Array(64 * BLOCK_WORDS)
  /** The epoch that marks a cached translation; see `invalidate`. */
  epoch = 1
  readonly #lpis: Lpis
  #cached = false
  /** Per block: its key and its neighbours in the device's chain. Block 0 is no block: no event is ever mapped in it. */
  #keys = new Int32Array(64)
  #next = new Int32Array(64)
  #previous = new Int32Array(64)
  #used = 1
  #free = 0
  /** Per device slot: first and last block of its chain and their number. */
  #heads = new Int32Array(64)
  #tails = new Int32Array(64)
  #blocks = new Int32Array(64)
  readonly #directories = new Map<number, BlockDirectory>()
  readonly #hash = new BlockHash()

  constructor(lpis: Lpis) {
    this.#lpis = lpis
  }

  /** The index in `words` of a mapped event, or -1. `slot` is a device's slot; any EventID may be asked for. */
  find(slot: number, eventId: number): number {
    const index = this.place(slot, eventId)
    return this.words[index] !== 0 ? index : -1
  }

  /** The index in `words` where an event is, or would be: in block 0, where none ever is, when its block is not there yet. */
  place(slot: number, eventId: number): number {
    return indexIn(this.#hash.find(slot, blockKey(slot, eventId)), eventId)
  }

  /**
   * Maps an event that is not mapped. `lpi` is a handle whose reference passes to the event. `hint` is 0, or what the last `add` to the
   * same device returned: events added in order then need no lookup.
   *
   * @returns the block the event is in, as a hint for the next.
   */
  add(slot: number, eventId: number, lpi: number, icid: number, hint: number): number {
    const key = blockKey(slot, eventId)
    const block = hint !== 0 && this.#keys[hint] === key ? hint : this.#hash.find(slot, key)
    return this.addAt(indexIn(block, eventId), slot, eventId, lpi, icid) >>> BLOCK_SHIFT
  }

  /** As `add`; `place` is what `place` says of the event. Returns the index in `words` where it is now. */
  addAt(place: number, slot: number, eventId: number, lpi: number, icid: number): number {
    const index = place < WORDS ? this.#addBlockOf(slot, eventId) : place
    this.words[index] = lpi
    this.words[index + 1] = icid
    this.count++
    return index
  }

  /** Unmaps the event at `index` of a device and gives its LPI back. */
  remove(slot: number, index: number): void {
    const block = index >>> BLOCK_SHIFT
    const lpi = this.words[index]!
    this.words[index] = 0
    this.count--
    if (this.#isEmpty(block)) this.#removeBlock(slot, block)
    this.#lpis.release(lpi)
  }

  /** Unmaps all events of a device. */
  removeAll(slot: number): void {
    const { words } = this
    let last = 0
    for (let block = this.firstBlock(slot); block !== 0; block = this.#next[block]!) {
      const start = block * BLOCK_WORDS
      for (let index = start; index < start + BLOCK_WORDS; index += EVENT_WORDS) {
        const lpi = words[index]!
        if (lpi === 0) continue
        words[index] = 0
        this.count--
        this.#lpis.release(lpi)
      }
      this.#hash.remove(slot, this.#keys[block]!)
      last = block
    }
    if (last === 0) return
    this.#next[last] = this.#free
    this.#free = this.#heads[slot]!
    this.#heads[slot] = this.#tails[slot] = this.#blocks[slot] = 0
    this.#directories.delete(slot)
  }

  /** The first block of a device in EventID order, or 0. Its events are at `eventIndex(block, n)`, n = 0..7. */
  firstBlock(slot: number): number {
    return slot < this.#heads.length ? this.#heads[slot]! : 0
  }

  /** The block that follows in EventID order, or 0. */
  nextBlock(block: number): number {
    return this.#next[block]!
  }

  /** The first EventID of a block. */
  firstEvent(block: number): number {
    return placeOf(this.#keys[block]!) * BLOCK_EVENTS
  }

  /** The index in `words` of the first event of a block; the others follow, EVENT_WORDS apart. */
  blockIndex(block: number): number {
    return block * BLOCK_WORDS
  }

  /** The LPI handle of the event at `index`; 0 when no event is mapped there. */
  lpi(index: number): number {
    return this.words[index]!
  }

  /** The event's ICID, or -1 when its collection is gone. */
  icid(index: number): number {
    const word = this.words[index + 1]!
    return (word & DETACHED) === 0 ? word & ICID_MASK : -1
  }

  /** Moves the event to another collection. */
  setIcid(index: number, icid: number): void {
    this.words[index + 1] = icid
  }

  /** Takes the collection away from all its events, or with -1 from every event. Cached translations stay, as in KVM. */
  detach(icid: number): void {
    const { words } = this
    const end = this.#used * BLOCK_WORDS
    for (let index = BLOCK_WORDS; index < end; index += EVENT_WORDS) {
      const word = words[index + 1]!
      if (words[index] !== 0 && (icid < 0 || (word & (DETACHED | ICID_MASK)) === icid)) words[index + 1] = word | DETACHED
    }
  }

  /** Retargets the LPIs of a collection's events. */
  retarget(icid: number, vcpu: number): void {
    const { words } = this
    const end = this.#used * BLOCK_WORDS
    for (let index = BLOCK_WORDS; index < end; index += EVENT_WORDS) {
      const lpi = words[index]!
      if (lpi !== 0 && (words[index + 1]! & (DETACHED | ICID_MASK)) === icid) this.#lpis.retarget(lpi, vcpu)
    }
  }

  /** True when some event was translated since the last `invalidate`. */
  get isAnyCached(): boolean {
    return this.#cached
  }

  /** True when the event was translated since the last `invalidate`. */
  isCached(index: number): boolean {
    return this.words[index + 1]! >>> EPOCH_SHIFT === this.epoch
  }

  /** Marks the event's translation as cached. */
  cache(index: number): void {
    this.words[index + 1] = (this.words[index + 1]! & (DETACHED | ICID_MASK)) | (this.epoch << EPOCH_SHIFT)
    this.#cached = true
  }

  /** Drops all cached translations. */
  invalidate(): void {
    if (!this.#cached) return
    this.#cached = false
    if (++this.epoch < EPOCH_LIMIT) return
    this.epoch = 1
    for (let index = 1; index < this.words.length; index += EVENT_WORDS) this.words[index]! &= DETACHED | ICID_MASK
  }

  /** Adds the block of an event. Returns the event's index in `words`. */
  #addBlockOf(slot: number, eventId: number): number {
    const key = blockKey(slot, eventId)
    let block = this.#free
    if (block !== 0) this.#free = this.#next[block]!
    else {
      if (this.#used === this.#keys.length) this.#growBlocks()
      block = this.#used++
    }
    this.#keys[block] = key
    if (slot >= this.#heads.length) this.#growSlots(slot)
    this.#link(slot, block, key)
    this.#hash.put(slot, key, block)
    return indexIn(block, eventId)
  }

  /** Puts a block into its device's chain, in key order; most come in order and go to the end. */
  #link(slot: number, block: number, key: number): void {
    const tail = this.#tails[slot]!
    const last = this.#keys[tail]!
    const before = tail === 0 || (last >= 0 && last < key) ? tail : this.#blockBefore(slot, key)
    const after = before === 0 ? this.#heads[slot]! : this.#next[before]!
    this.#previous[block] = before
    this.#next[block] = after
    if (before === 0) this.#heads[slot] = block
    else this.#next[before] = block
    if (after === 0) this.#tails[slot] = block
    else this.#previous[after] = block
    const blocks = ++this.#blocks[slot]!
    if (blocks >= DIRECTORY_FROM && key >= 0) this.#enter(slot, key)
  }

  #blockBefore(slot: number, key: number): number {
    const place = placeOf(key)
    const directory = key < 0 ? undefined : this.#directories.get(slot)
    if (directory === undefined) {
      let block = this.#tails[slot]!
      while (block !== 0 && placeOf(this.#keys[block]!) > place) block = this.#previous[block]!
      return block
    }
    const before = directory.before(place)
    return before < 0 ? 0 : this.#hash.find(slot, nearKeyAt(key, before))
  }

  /** Enters a near block in the directory of a large device; the first time, all it has. */
  #enter(slot: number, key: number): void {
    const known = this.#directories.get(slot)
    if (known !== undefined) {
      known.enter(placeOf(key))
      return
    }
    const directory = new BlockDirectory()
    this.#directories.set(slot, directory)
    for (let block = this.#heads[slot]!; block !== 0; block = this.#next[block]!) {
      const one = this.#keys[block]!
      if (one >= 0) directory.enter(placeOf(one))
    }
  }

  #isEmpty(block: number): boolean {
    const start = block << BLOCK_SHIFT
    for (let index = start; index < start + BLOCK_WORDS; index += EVENT_WORDS) if (this.words[index] !== 0) return false
    return true
  }

  #removeBlock(slot: number, block: number): void {
    const before = this.#previous[block]!
    const after = this.#next[block]!
    if (before === 0) this.#heads[slot] = after
    else this.#next[before] = after
    if (after === 0) this.#tails[slot] = before
    else this.#previous[after] = before
    this.#blocks[slot]!--
    const key = this.#keys[block]!
    if (key >= 0) this.#directories.get(slot)?.leave(placeOf(key))
    this.#hash.remove(slot, key)
    this.#next[block] = this.#free
    this.#free = block
  }

  #growBlocks(): void {
    const blocks = this.#keys.length * 2
    this.words = grown(this.words, blocks * BLOCK_WORDS)
    this.#keys = grown(this.#keys, blocks)
    this.#next = grown(this.#next, blocks)
    this.#previous = grown(this.#previous, blocks)
  }

  #growSlots(slot: number): void {
    const slots = Math.max(this.#heads.length * 2, slot + 1)
    this.#heads = grown(this.#heads, slots)
    this.#tails = grown(this.#tails, slots)
    this.#blocks = grown(this.#blocks, slots)
  }
}
