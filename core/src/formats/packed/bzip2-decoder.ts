import type { ByteSource } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import { BitsForward } from './bits-forward.ts'
import { BlockOutput, LONGEST_RUN, readBlock } from './bzip2-block.ts'
import { bzip2Crc } from './bzip2-crc.ts'
import { Damaged, type Decoder, type Mark, makePiece, PIECE } from './decoder.ts'
import { History } from './history.ts'
import { PackedInput } from './packed-input.ts'
import { wrongSum } from './wrong-sum.ts'

/** The beginning of every bzip2 file; the digit behind it tells how large a block may be. */
export const BZIP2_MAGIC = 'BZh'
const HEADER_BYTES = 4
const BLOCK_UNIT = 100_000
/** Pi and its root, in halves: what begins a block and what ends a stream. */
const BLOCK = { high: 0x314159, low: 0x265359 } as const
const END = { high: 0x177245, low: 0x385090 } as const
/** Between the beginning of a block, or of the end, and its checksum. */
const MARKER_BYTES = 6
/** A block of 900,000 symbols, each with a code of the longest, and the description of its codes. */
const LONGEST_BLOCK = 2500 << 10
/** What is read at once, so that few bytes are read again for the next block. */
const WINDOW = 8 << 20
const MARK_BYTES = 256

/** A stream that is being decoded. */
interface Stream {
  /** Its first byte in the file. */
  readonly place: number
  readonly links: Uint32Array
  /** Of the blocks so far, where checksums are compared. */
  crc: number | undefined
}

/** A block that is being decoded. */
interface Block {
  readonly place: number
  /** Where it begins in the source, and where its first byte is in all that was decoded. */
  readonly input: number
  readonly bit: number
  readonly offset: number
  readonly output: BlockOutput
  /** What the file keeps of its contents. */
  readonly kept: number
  crc: number
}

interface Bzip2Place {
  readonly input: number
  readonly bit: number
  readonly offset: number
  /** Bytes of the block that begins there which lie before `offset`. */
  readonly skip: number
  readonly stream: { readonly place: number; readonly blockBytes: number } | undefined
}

/**
 * Decodes the streams of a bzip2 file one after the other, block by block, and holds each block and each stream against its CRC.
 *
 * Source: bzip2 1.0.8, decompress.c and bzlib.c.
 */
export class Bzip2Decoder implements Decoder {
  readonly history: History
  readonly #source: ByteSource
  readonly #base: number
  readonly #input: PackedInput
  /** Bits of the next byte that were taken. */
  #bit: number
  #skip: number
  #stream: Stream | undefined
  #block: Block | undefined
  readonly #isFirst: boolean

  /** `base` is where `source` begins in its file. */
  constructor(source: ByteSource, base: number, from?: Bzip2Place) {
    this.#source = source
    this.#base = base
    this.#isFirst = from === undefined
    this.#input = new PackedInput(source, from?.input ?? 0, base)
    this.history = new History(0, from?.offset)
    this.#bit = from?.bit ?? 0
    this.#skip = from?.skip ?? 0
    this.#stream = from?.stream && {
      place: from.stream.place,
      links: new Uint32Array(from.stream.blockBytes),
      crc: undefined,
    }
  }

  get isBetweenParts(): boolean {
    return this.#block === undefined
  }

  get consumed(): number {
    return this.#input.offset
  }

  more(): Promise<number> {
    return makePiece(this.history, LONGEST_RUN, async (made) => {
      const [stream, block] = [this.#stream, this.#block]
      if (stream === undefined) return made === 0 && this.#begin()
      if (block === undefined) await this.#next(stream)
      else if (block.output.isDone) this.#finish(block, stream)
      else this.#output(block, PIECE - made)
      return true
    })
  }

  mark(): Mark {
    const [stream, block] = [this.#stream, this.#block]
    const place = {
      input: block?.input ?? this.#input.offset,
      bit: block?.bit ?? this.#bit,
      offset: this.history.offset,
      skip: block === undefined ? 0 : this.history.offset - block.offset,
      stream: stream && { place: stream.place, blockBytes: stream.links.length },
    }
    return { offset: place.offset, kept: MARK_BYTES, resume: () => new Bzip2Decoder(this.#source, this.#base, place) }
  }

  /** Reads the header of the next stream; false at the end of the file, which zeros may fill. */
  async #begin(): Promise<boolean> {
    const input = this.#input
    if (!(await input.passZeros())) return false
    const { place } = input
    await input.need(HEADER_BYTES, 'the header of a bzip2 stream')
    const header = input.text(HEADER_BYTES)
    const level = header.startsWith(BZIP2_MAGIC) ? '123456789'.indexOf(header[3]!) + 1 : 0
    if (level === 0)
      throw new FormatError(place, `a bzip2 stream${place > this.#base ? ', or the end of the file' : ''}`, `"${header}"`)
    this.#stream = { place, links: new Uint32Array(level * BLOCK_UNIT), crc: this.#isFirst ? 0 : undefined }
    return true
  }

  /** A block, or the end of the stream. */
  async #next(stream: Stream): Promise<void> {
    const input = this.#input
    if (input.end - input.at < LONGEST_BLOCK && !input.isLast) await input.refill(WINDOW)
    const { place, offset } = input
    const [at, bit] = [input.at, this.#bit]
    const bits = new BitsForward(input.bytes, { at, bit }, input.end)
    try {
      const [high, low] = [bits.take(24), bits.take(24)]
      const kept = bits.take(8) * 2 ** 24 + bits.take(24)
      bits.check()
      if (high === END.high && low === END.low) {
        input.at = Math.ceil(bits.position / 8)
        this.#bit = 0
        this.#end(stream, place, kept)
        return
      }
      if (high !== BLOCK.high || low !== BLOCK.low) throw new Damaged('neither a block nor the end of the stream')
      const output = new BlockOutput(readBlock(bits, stream.links))
      this.#pass(output)
      input.at = bits.position >> 3
      this.#bit = bits.position & 7
      this.#block = { place, input: offset, bit, offset: this.history.offset - this.#skip, output, kept, crc: 0 }
      this.#skip = 0
    } catch (error) {
      if (!(error instanceof Damaged)) throw error
      const found = bits.isBeyond ? 'the end of the file' : error.message
      throw new FormatError(place, 'data compressed with bzip2', found, { cause: error })
    }
  }

  /** What lies before the place that this decoder began at is made, and forgotten. */
  #pass(output: BlockOutput): void {
    const passed = new History(0)
    while (passed.offset < this.#skip) {
      if (output.isDone) throw new Damaged('another block than the first time')
      passed.room(PIECE + LONGEST_RUN)
      output.run(passed, Math.min(PIECE, this.#skip - passed.offset))
    }
  }

  #output(block: Block, most: number): void {
    const { history } = this
    const begun = history.offset
    block.output.run(history, most)
    if (this.#isFirst) block.crc = bzip2Crc(history.last(history.offset - begun), block.crc)
  }

  #finish({ place, kept, crc }: Block, stream: Stream): void {
    this.#block = undefined
    if (stream.crc === undefined) return
    if (crc !== kept)
      throw wrongSum(place + MARKER_BYTES, `what the bzip2 block at 0x${place.toString(16)} holds`, { found: crc, kept })
    stream.crc = (((stream.crc << 1) | (stream.crc >>> 31)) ^ crc) >>> 0
  }

  #end({ place, crc }: Stream, at: number, kept: number): void {
    this.#stream = undefined
    if (crc !== undefined && crc !== kept)
      throw wrongSum(at + MARKER_BYTES, `what the bzip2 stream at 0x${place.toString(16)} holds`, { found: crc, kept })
  }
}
