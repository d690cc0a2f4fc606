import { ENTRY_BYTES } from '../abi/index.ts'
import { type Gpa, type GuestMemory, PAGE_BYTES, type ReadCursor, type WriteCursor } from '../memory/index.ts'

/** Zeroes entries. A page that holds zeros only is read and neither written nor marked dirty. */
export class EntryClearer {
  readonly #reader: ReadCursor
  readonly #writer: WriteCursor

  constructor(memory: GuestMemory) {
    this.#reader = memory.cursor()
    this.#writer = memory.writeCursor()
  }

  /** Zeroes the entries from `base` on that are not zero, as far as they are in guest RAM. @returns how many were not. */
  clear(base: number, entries: number): number {
    const reader = this.#reader
    let cleared = 0
    for (let entry = 0; entry < entries; ) {
      const at = (base + entry * ENTRY_BYTES) as Gpa
      if (!reader.seek(at)) {
        entry += (PAGE_BYTES - (at % PAGE_BYTES)) / ENTRY_BYTES
        continue
      }
      const run = Math.min(reader.run, entries - entry)
      const zeros = reader.knownZeros(entries - entry) || reader.skipBlank(run)
      entry += zeros
      if (zeros >= run) continue
      const inPage = Math.min(entries - entry, (PAGE_BYTES - ((base + entry * ENTRY_BYTES) % PAGE_BYTES)) / ENTRY_BYTES)
      cleared += this.#clearInPage((base + entry * ENTRY_BYTES) as Gpa, inPage)
      entry += inPage
    }
    return cleared
  }

  #clearInPage(at: Gpa, entries: number): number {
    this.#writer.seekForWrite(at)
    const { words, index } = this.#writer
    let cleared = 0
    for (let word = index; word < index + 2 * entries; word += 2) {
      if ((words[word]! | words[word + 1]!) === 0) continue
      words[word] = 0
      words[word + 1] = 0
      cleared++
    }
    return cleared
  }
}
