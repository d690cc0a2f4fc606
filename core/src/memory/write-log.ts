/** Bytes of a page: the grain of the dirty log and of sparse regions. */
export const PAGE_BYTES = 4096
/** 64-bit words of one. */
export const PAGE_ENTRIES = PAGE_BYTES / 8

/** Which pages of a region were written, since the log was cleared and ever. */
export class WriteLog {
  readonly #dirty: Uint32Array
  /** Of a flat region, the pages that were written and are not dirty any more. */
  readonly #written: Uint32Array
  /** Of a flat region, how many 64-bit words at the end of each page may have been written: what comes before them was never. */
  readonly #touched: Uint16Array

  constructor(pages: number, isFlat: boolean) {
    this.#dirty = new Uint32Array(Math.ceil(pages / 32))
    this.#written = new Uint32Array(isFlat ? this.#dirty.length : 0)
    this.#touched = new Uint16Array(isFlat ? pages : 0)
  }

  /** The page is about to be written. */
  mark(page: number): void {
    this.#dirty[page >>> 5]! |= 1 << (page & 31)
  }

  /** A page of a flat region is about to be written from this 64-bit word of it on. */
  touch(page: number, word: number): void {
    const touched = PAGE_ENTRIES - word
    if (touched > this.#touched[page]!) this.#touched[page] = touched
  }

  /** How many 64-bit words at the begin of a page of a flat region were never written. */
  untouched(page: number): number {
    return PAGE_ENTRIES - this.#touched[page]!
  }

  /** How many pages of a flat region, from this one on, were never written, as far as one word of the log tells. */
  neverWritten(page: number): number {
    const marks = (this.#dirty[page >>> 5]! | this.#written[page >>> 5]!) >>> (page & 31)
    return marks === 0 ? 32 - (page & 31) : 31 - Math.clz32(marks & -marks)
  }

  /** In order. */
  *dirtyPages(): Generator<number> {
    for (let word = 0; word < this.#dirty.length; word++) {
      for (let marks = this.#dirty[word]!; marks !== 0; marks &= marks - 1) yield word * 32 + 31 - Math.clz32(marks & -marks)
    }
  }

  clearDirty(): void {
    for (let word = 0; word < this.#written.length; word++) this.#written[word]! |= this.#dirty[word]!
    this.#dirty.fill(0)
  }
}
