import { PAGE_BYTES } from '../../memory/index.ts'
import { truncated } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import { latin1, type StreamReader, shown } from '../stream-reader.ts'
import { RECORD } from './page-index.ts'
import type { RamBlock } from './ram-block.ts'

/** The flags of a RAM record; they share a u64 with the page's offset in its block. */
export const RAM_SAVE_FLAG = {
  zero: 0x02,
  sizes: 0x04,
  page: 0x08,
  eos: 0x10,
  continue: 0x20,
  xbzrle: 0x40,
  hook: 0x80,
  compressed: 0x100,
  multifdFlush: 0x200,
} as const

/** zlib's bound for a page, rounded up: what a compressed page may take at most. */
const LARGEST_COMPRESSED = 8192

/** Takes the page records of a stream, in its order. */
export interface RecordSink {
  /**
   * One record: it begins at `offset` of the source, and `bytes` bytes of contents begin at index `payload` of the reader's
   * window. Contents of a plain page may run over the window's end only when the window allows for MARGIN.
   */
  record(block: RamBlock, page: number, kind: number, named: boolean, offset: number, payload: number, bytes: number): void
}

/** Why a scan of records came back. */
export type Stop = 'section ends' | 'sizes follow' | 'window ends'

/** Reads the records of ram sections. The current block survives from one section to the next. */
export class RamRecords {
  readonly blocks = new Map<string, RamBlock>()
  readonly #reader: StreamReader
  readonly #sink: RecordSink
  #block: RamBlock | undefined

  constructor(reader: StreamReader, sink: RecordSink) {
    this.#reader = reader
    this.#sink = sink
  }

  /** Passes records to the sink until the section ends, block sizes follow or the window is used up. */
  scan(): Stop {
    const reader = this.#reader
    const { bytes, limit } = reader
    const start = reader.offset - reader.at
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let at = reader.at
    while (at < limit) {
      if (at + 8 > bytes.length) throw truncated(start + bytes.length, 'a RAM record')
      const low = view.getUint32(at + 4)
      const page = view.getUint32(at) * 2 ** 20 + (low >>> 12)
      const flags = low & 0xfff
      if (flags === (RAM_SAVE_FLAG.page | RAM_SAVE_FLAG.continue) && this.#block !== undefined && page < this.#block.pages) {
        this.#sink.record(this.#block, page, RECORD.page, false, start + at, at + 8, PAGE_BYTES)
        at += 8 + PAGE_BYTES
        continue
      }
      reader.at = at
      if (flags === RAM_SAVE_FLAG.sizes) return 'sizes follow'
      if (flags === RAM_SAVE_FLAG.eos) {
        reader.at = at + 8
        return 'section ends'
      }
      if (flags === RAM_SAVE_FLAG.hook || flags === RAM_SAVE_FLAG.multifdFlush) at += 8
      else at = this.#record(at, page, flags)
    }
    reader.at = at
    return 'window ends'
  }

  /** Any page record, its header at index `at`. Returns the index after it. */
  #record(at: number, page: number, flags: number): number {
    const named = (flags & RAM_SAVE_FLAG.continue) === 0
    const { bytes } = this.#reader
    const from = named ? at + 9 + (bytes[at + 8] ?? 0) : at + 8
    const block = this.#blockOf(at, named)
    if (page >= block.pages) {
      throw new FormatError(
        this.#offset(at),
        `an offset below 0x${block.bytes.toString(16)}, the length of ${block.name}`,
        `0x${(page * PAGE_BYTES).toString(16)}`,
      )
    }
    const emit = (kind: number, payload: number, length: number): number => {
      if (this.#offset(payload + length) > this.#reader.source.byteLength) {
        throw truncated(this.#reader.source.byteLength, 'the contents of a page')
      }
      this.#sink.record(block, page, kind, named, this.#offset(at), payload, length)
      return payload + length
    }
    switch (flags & ~RAM_SAVE_FLAG.continue) {
      case RAM_SAVE_FLAG.page:
        return emit(RECORD.page, from, PAGE_BYTES)
      case RAM_SAVE_FLAG.zero:
        return emit(bytes[from] === 0 ? RECORD.zero : RECORD.fill, from, 1)
      case RAM_SAVE_FLAG.xbzrle:
        if (bytes[from] !== 1)
          throw new FormatError(this.#offset(from), 'XBZRLE encoding 1', `${bytes[from] ?? 'the end of the file'}`)
        return emit(RECORD.xbzrle, from + 3, this.#length(from + 1, 2, PAGE_BYTES))
      case RAM_SAVE_FLAG.compressed:
        return emit(RECORD.compressed, from + 4, this.#length(from, 4, LARGEST_COMPRESSED))
      default:
        throw new FormatError(this.#offset(at), 'a RAM record', `unknown flags 0x${flags.toString(16)}`)
    }
  }

  #blockOf(at: number, named: boolean): RamBlock {
    if (named) {
      const { bytes } = this.#reader
      const name = bytes.subarray(at + 9, at + 9 + (bytes[at + 8] ?? 0))
      const block = this.blocks.get(latin1(name))
      if (block === undefined) throw new FormatError(this.#offset(at + 8), 'the name of a RAM block of this stream', shown(name))
      this.#block = block
    }
    if (this.#block === undefined) throw new FormatError(this.#offset(at), 'a RAM block before its first page', 'none')
    return this.#block
  }

  /** A big-endian length of `width` bytes. */
  #length(at: number, width: number, most: number): number {
    const { bytes } = this.#reader
    if (at + width > bytes.length) throw truncated(this.#offset(bytes.length), 'the length of a page')
    let length = 0
    for (let i = 0; i < width; i++) length = length * 256 + bytes[at + i]!
    if (length > most) throw new FormatError(this.#offset(at), `at most ${most} bytes for a page`, `${length}`)
    return length
  }

  #offset(index: number): number {
    return this.#reader.offset - this.#reader.at + index
  }
}
