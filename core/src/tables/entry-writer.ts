import { ENTRY_BYTES } from '../abi/index.ts'
import { type Gpa, type GuestMemory, KvmError, type Where, type WriteCursor } from '../memory/index.ts'

/**
 * Writes 8-byte entries that mostly fall into one page after another, as a table save does: the page is looked up, made private
 * and marked dirty once, not once an entry; and from entry to entry of a table no address is worked out.
 */
export class EntryWriter {
  readonly #cursor: WriteCursor
  /** What may be written without asking: from this address on, so many bytes; and where the cursor has them. */
  #at = 0
  #bytes = 0
  #words: Int32Array = new Int32Array(0)
  #index = 0
  /** The table under way. */
  base = 0
  /** Its entries from here up to `#beyond` are in `#words`, where entry 0 would be at `#first`. */
  #from = 0
  #beyond = 0
  #first = 0

  constructor(memory: GuestMemory) {
    this.#cursor = memory.writeCursor()
  }

  /** Goes to the table at `base`: `put` writes its entries. */
  table(base: number): this {
    const offset = base - this.#at
    const isHere = offset >= 0 && offset < this.#bytes
    this.base = base
    this.#from = 0
    this.#beyond = isHere ? (this.#bytes - offset) >> 3 : 0
    this.#first = isHere ? this.#index + (offset >> 2) : 0
    return this
  }

  /** Writes an entry of the table, by its number; false when its place is not in guest RAM. */
  put(entry: number, lo: number, hi: number): boolean {
    if ((entry < this.#from || entry >= this.#beyond) && !this.#seek(entry)) return false
    const index = this.#first + 2 * entry
    this.#words[index] = lo
    this.#words[index + 1] = hi
    return true
  }

  /** Writes the entry at `at`; false when that is not in guest RAM. */
  putAt(at: number, lo: number, hi: number): boolean {
    return this.table(at).put(0, lo, hi)
  }

  #seek(entry: number): boolean {
    const cursor = this.#cursor
    const at = this.base + entry * ENTRY_BYTES
    if (!cursor.seekForWrite(at as Gpa)) return false
    const { words, index, run } = cursor
    this.#at = at
    this.#bytes = run * ENTRY_BYTES
    this.#words = words
    this.#index = index
    this.#from = entry
    this.#beyond = entry + run
    this.#first = index - 2 * entry
    return true
  }
}

/** What KVM answers when the place of an entry is not in guest RAM. */
export function outsideRam(what: string, at: number, where: Where): KvmError {
  return new KvmError('EFAULT', `the place of the ${what} is not in guest RAM`, { what, at: at as Gpa, ...where })
}

/** What KVM answers for an LPI whose state is in hardware that cannot give it back. */
export function forwardedLpi(deviceId: number, eventId: number): KvmError {
  const where = { what: 'ITE', deviceId, eventId }
  return new KvmError('EACCES', 'hardware delivers this LPI and its state cannot be read back without GICv4.1', where)
}
