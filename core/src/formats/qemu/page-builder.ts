import { type Gpa, PAGE_BYTES } from '../../memory/index.ts'
import { FormatError } from '../format-error.ts'
import { unzlib } from '../packed/unzlib.ts'
import type { StreamReader } from '../stream-reader.ts'
import { RECORD } from './page-index.ts'
import type { RamBlock } from './ram-block.ts'
import type { RecordSink } from './ram-records.ts'

/**
 * Builds pages whose last record is only a difference (XBZRLE) or compressed, by applying every record of theirs in the
 * order of the stream. Nothing else is kept, so memory stays at the pages asked for.
 */
export class PageBuilder implements RecordSink {
  readonly #reader: StreamReader
  /** Block name to page number to contents so far. */
  readonly #wanted: ReadonlyMap<string, ReadonlyMap<number, Uint8Array>>

  constructor(reader: StreamReader, wanted: ReadonlyMap<string, ReadonlyMap<number, Uint8Array>>) {
    this.#reader = reader
    this.#wanted = wanted
  }

  record(block: RamBlock, page: number, kind: number, _named: boolean, offset: number, payload: number, bytes: number): void {
    const contents = this.#wanted.get(block.name)?.get(page)
    if (contents === undefined) return
    const record = this.#reader.bytes.subarray(payload, payload + bytes)
    if (kind === RECORD.compressed) inflatePage(contents, record, offset)
    else if (kind === RECORD.page) contents.set(record)
    else if (kind === RECORD.xbzrle) applyXbzrle(contents, record, offset)
    else contents.fill(record[0]!)
  }
}
function inflatePage(contents: Uint8Array, record: Uint8Array, offset: number): void {
  const page = unzlib(record, PAGE_BYTES, offset)
  if (page.length !== PAGE_BYTES) throw new FormatError(offset, `a page of ${PAGE_BYTES} bytes`, `${page.length} bytes`)
  contents.set(page)
}

/** Applies pairs of unchanged and changed runs, each with a ULEB128 length, to the previous contents of a page. */
function applyXbzrle(contents: Uint8Array, record: Uint8Array, offset: number): void {
  let at = 0
  let position = 0
  const length = (): number => {
    const low = record[at++] ?? 0
    return low < 0x80 ? low : (low & 0x7f) | ((record[at++] ?? 0) << 7)
  }
  while (at < record.length) {
    position += length()
    const changed = length()
    const run = record.subarray(at, at + changed)
    at += changed
    if (run.length !== changed || position + changed > PAGE_BYTES) {
      throw new FormatError(offset, 'an XBZRLE difference inside its page', `${changed} bytes at ${position}`)
    }
    contents.set(run, position)
    position += changed
  }
}

/** The pages a replay is to build, by block and page number. */
export class Wanted {
  readonly blocks = new Map<string, Map<number, Uint8Array>>()
  readonly #pages: { readonly at: Gpa; readonly contents: Uint8Array }[] = []

  add(at: Gpa, block: RamBlock, page: number): void {
    const contents = new Uint8Array(PAGE_BYTES)
    let pages = this.blocks.get(block.name)
    if (pages === undefined) {
      pages = new Map()
      this.blocks.set(block.name, pages)
    }
    pages.set(page, contents)
    this.#pages.push({ at, contents })
  }

  get pages(): readonly { readonly at: Gpa; readonly contents: Uint8Array }[] {
    return this.#pages
  }
}
