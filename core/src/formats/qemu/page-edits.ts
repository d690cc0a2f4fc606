import { type Gpa, PAGE_BYTES } from '../../memory/index.ts'
import { type ByteSource, readExactly } from '../byte-source.ts'
import { differences, type Edit, notAPage } from '../edits.ts'
import { RECORD } from './page-index.ts'
import type { MappedPages, RamBlock } from './ram-block.ts'
import type { RamMap } from './ram-map.ts'
import { RAM_SAVE_FLAG } from './ram-records.ts'

/**
 * Plans the edits that give pages of guest RAM new contents, each in its last record; the rest of the file stays as it is.
 *
 * A page record and a mapped page change in place. A record without contents of its own (zero, difference, compressed) gives
 * way to a page record, and a page without any record gets one behind all others: sections carry no lengths, so both are
 * what a VMM could have written.
 */
export class PageEdits {
  readonly #source: ByteSource
  readonly #ram: RamMap
  /** Where records can be put in behind all others. */
  readonly #lastRecord: number

  constructor(source: ByteSource, ram: RamMap, lastRecord: number) {
    this.#source = source
    this.#ram = ram
    this.#lastRecord = lastRecord
  }

  /** @throws RangeError for a page that is not RAM or not a whole page. */
  async plan(pages: ReadonlyMap<Gpa, Uint8Array>): Promise<Edit[]> {
    const edits: Edit[] = []
    const added: Uint8Array[] = []
    const bitmaps = new Map<number, number>()
    for (const [at, contents] of [...pages].sort(([a], [b]) => a - b)) {
      const { block, page } = this.#find(at, contents)
      if (block.mapped !== undefined) edits.push(...(await this.#mapped(block, block.mapped, page, contents, bitmaps)))
      else if (block.kind(page) !== 0) edits.push(...(await this.#recorded(block, page, contents)))
      else if (!uniform(contents, 0)) added.push(pageRecord(block, page, true, contents))
    }
    for (const [offset, byte] of bitmaps) edits.push({ offset, remove: 1, insert: Uint8Array.of(byte) })
    if (added.length > 0) edits.push({ offset: this.#lastRecord, remove: 0, insert: concatenated(added) })
    return edits.sort((a, b) => a.offset - b.offset)
  }

  #find(at: Gpa, contents: Uint8Array): { readonly block: RamBlock; readonly page: number } {
    if (at % PAGE_BYTES !== 0 || contents.length !== PAGE_BYTES) throw notAPage(at, contents)
    return this.#ram.find(at)
  }

  async #recorded(block: RamBlock, page: number, contents: Uint8Array): Promise<Edit[]> {
    const at = block.contentsOffset(page)
    const kind = block.kind(page)
    if (kind === RECORD.page) return this.#patch(at, contents)
    if (kind === RECORD.zero || kind === RECORD.fill) {
      const [fill] = await readExactly(this.#source, at, 1, 'a record')
      if (uniform(contents, contents[0]!)) return differences(at, Uint8Array.of(fill!), contents.subarray(0, 1))
    }
    const start = block.index.offset(page)
    const end = at + (await this.#encodedBytes(kind, at))
    return [{ offset: start, remove: end - start, insert: pageRecord(block, page, block.index.named(page), contents) }]
  }

  /** Bytes from the end of a record's header to the end of the record. */
  async #encodedBytes(kind: number, at: number): Promise<number> {
    if (kind === RECORD.zero || kind === RECORD.fill) return 1
    const [a, b, c, d] = await readExactly(this.#source, at, 4, 'a record')
    return kind === RECORD.xbzrle ? 3 + b! * 256 + c! : 4 + ((a! << 24) | (b! << 16) | (c! << 8) | d!)
  }

  async #mapped(
    block: RamBlock,
    { bitmap, bitmapOffset }: MappedPages,
    page: number,
    contents: Uint8Array,
    bitmaps: Map<number, number>,
  ): Promise<Edit[]> {
    const at = block.contentsOffset(page)
    if (block.kind(page) === RECORD.page) return this.#patch(at, contents)
    if (uniform(contents, 0)) return []
    const offset = bitmapOffset + (page >>> 3)
    bitmaps.set(offset, (bitmaps.get(offset) ?? bitmap[page >>> 3]!) | (1 << (page & 7)))
    // What lies there means nothing while the bit is clear: it need not be zero.
    return this.#patch(at, contents)
  }

  async #patch(at: number, contents: Uint8Array): Promise<Edit[]> {
    return differences(at, await readExactly(this.#source, at, PAGE_BYTES, 'the contents of a page'), contents)
  }
}

function uniform(contents: Uint8Array, value: number): boolean {
  return contents.every((byte) => byte === value)
}

function pageRecord(block: RamBlock, page: number, named: boolean, contents: Uint8Array): Uint8Array {
  const name = named ? [block.name.length, ...Array.from(block.name, (character) => character.charCodeAt(0))] : []
  const record = new Uint8Array(8 + name.length + PAGE_BYTES)
  const flags = RAM_SAVE_FLAG.page | (named ? 0 : RAM_SAVE_FLAG.continue)
  new DataView(record.buffer).setBigUint64(0, BigInt(page) * BigInt(PAGE_BYTES) + BigInt(flags))
  record.set(name, 8)
  record.set(contents, 8 + name.length)
  return record
}

function concatenated(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((bytes, piece) => bytes + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
