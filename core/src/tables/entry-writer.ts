import { ENTRY_BYTES } from '../abi/index.ts'
import { type Gpa, type GuestMemory, KvmError, type Where, type WriteCursor } from '../memory/index.ts'

/**
 * Writes 8-byte entries that mostly fall into one page after another, as a table save does: the page is looked up, made private
 * and marked dirty once, not once an entry.
 */
export class EntryWriter {
  readonly #cursor: WriteCursor
  /** What may be written without asking: from this address on, so many bytes; and where the cursor has them. */
  #from = 0
  #bytes = 0
  #words: Int32Array = new Int32Array(0)
  #index = 0

  constructor(memory: GuestMemory) {
    this.#cursor = memory.writeCursor()
  }

  /** Writes an entry; false when its place is not in guest RAM. */
  put(at: number, lo: number, hi: number): boolean {
    const offset = at - this.#from
    if (offset < 0 || offset >= this.#bytes) return this.#putElsewhere(at, lo, hi)
    const index = this.#index + (offset >> 2)
    this.#words[index] = lo
    this.#words[index + 1] = hi
    return true
  }

  #putElsewhere(at: number, lo: number, hi: number): boolean {
    const cursor = this.#cursor
    if (!cursor.seekForWrite(at as Gpa)) return false
    const { words, index } = cursor
    this.#from = at
    this.#bytes = cursor.run * ENTRY_BYTES
    this.#words = words
    this.#index = index
    words[index] = lo
    words[index + 1] = hi
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
