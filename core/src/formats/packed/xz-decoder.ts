import type { ByteSource } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import { Damaged, type Decoder, type Mark, makePiece } from './decoder.ts'
import { History } from './history.ts'
import { LARGEST_CHUNK, LONGEST_CHUNK, Lzma2, type Lzma2State } from './lzma2.ts'
import { PackedInput } from './packed-input.ts'
import { wrongSum } from './wrong-sum.ts'
import type { BlockCheck } from './xz-checks.ts'
import { type BlockHeader, readBlockHeader, readStreamFooter, readStreamHeader, type StreamFlags } from './xz-fields.ts'
import { BlockSizes, readIndex } from './xz-index.ts'

/** Probabilities and what else a mark keeps besides the dictionary. */
const MARK_BYTES = 32 << 10
const WORD = 4

/** A stream that is being decoded. */
interface Stream {
  readonly flags: StreamFlags
  /** Of the blocks so far, where checksums are compared. */
  readonly sizes: BlockSizes | undefined
}

/** A block that is being decoded. */
interface Block extends BlockHeader {
  /** Its first byte in the file, and in the source the first byte behind its header. */
  readonly place: number
  readonly input: number
  readonly lzma2: Lzma2
  /** Of what was decoded, where checksums are compared. */
  readonly check: BlockCheck | undefined
  decoded: number
}

interface XzPlace {
  readonly input: number
  readonly offset: number
  readonly flags: StreamFlags | undefined
  readonly block: (Omit<Block, 'lzma2' | 'check'> & { readonly state: Lzma2State }) | undefined
  readonly window: Uint8Array
}

/**
 * Decodes the streams of an xz file one after the other, and holds the blocks against their checks, their sizes and the index.
 *
 * Source: the .xz file format 1.2.1.
 */
export class XzDecoder implements Decoder {
  readonly history: History
  readonly #source: ByteSource
  readonly #base: number
  readonly #input: PackedInput
  #stream: Stream | undefined
  #block: Block | undefined
  readonly #isFirst: boolean

  /** `base` is where `source` begins in its file. */
  constructor(source: ByteSource, base: number, from?: XzPlace) {
    this.#source = source
    this.#base = base
    this.#isFirst = from === undefined
    this.#input = new PackedInput(source, from?.input ?? 0, base)
    this.history = new History(from?.block?.dictionary ?? 0, from?.offset, from?.window)
    this.#stream = from?.flags && { flags: from.flags, sizes: undefined }
    if (from?.block === undefined) return
    const { state, ...block } = from.block
    this.#block = { ...block, lzma2: new Lzma2(block.dictionary, state), check: undefined }
  }

  get isBetweenParts(): boolean {
    return this.#block === undefined
  }

  get consumed(): number {
    return this.#input.offset
  }

  more(): Promise<number> {
    return makePiece(this.history, LARGEST_CHUNK, async (made) => {
      const [stream, block] = [this.#stream, this.#block]
      if (stream === undefined) return made === 0 && this.#begin()
      if (block === undefined) await this.#next(stream)
      else if (block.lzma2.isDone) await this.#finish(stream, block)
      else await this.#chunk(block)
      return true
    })
  }

  mark(): Mark {
    const block = this.#block && this.#blockPlace(this.#block)
    const window = this.history.last(Math.min(block?.dictionary ?? 0, block?.state.position ?? 0)).slice()
    const place = { input: this.#input.offset, offset: this.history.offset, flags: this.#stream?.flags, block, window }
    return {
      offset: place.offset,
      kept: window.length + MARK_BYTES,
      resume: () => new XzDecoder(this.#source, this.#base, place),
    }
  }

  #blockPlace({ lzma2, check, ...block }: Block): NonNullable<XzPlace['block']> {
    return { ...block, state: lzma2.state }
  }

  /** Reads the header of the next stream; false at the end of the file. Between streams are zeros, four at a time. */
  async #begin(): Promise<boolean> {
    const input = this.#input
    const before = input.place
    const isMore = await input.passZeros()
    if ((input.place - before) % WORD !== 0)
      throw new FormatError(before, 'zeros between xz streams, four at a time', `${input.place - before} of them`)
    if (!isMore) return false
    const flags = await readStreamHeader(input, input.place === this.#base)
    this.#stream = { flags, sizes: this.#isFirst ? new BlockSizes() : undefined }
    return true
  }

  /** A block, or the index that ends the stream. */
  async #next({ flags, sizes }: Stream): Promise<void> {
    const input = this.#input
    const { place } = input
    await input.need(1, 'a block or the index of an xz stream')
    if (input.bytes[input.at] === 0) {
      const indexBytes = await readIndex(input, sizes)
      await readStreamFooter(input, flags, indexBytes)
      this.#stream = undefined
      return
    }
    const header = await readBlockHeader(input)
    this.history.widen(header.dictionary)
    const lzma2 = new Lzma2(header.dictionary)
    const check = this.#isFirst ? flags.check.make() : undefined
    this.#block = { ...header, place, input: input.offset, lzma2, check, decoded: 0 }
  }

  async #chunk(block: Block): Promise<void> {
    const input = this.#input
    if (input.end - input.at < LONGEST_CHUNK && !input.isLast) await input.refill()
    const { history } = this
    const { place } = input
    await input.need(1, 'a block compressed with xz')
    const begun = history.offset
    try {
      input.at = block.lzma2.chunk(input.bytes, input.at, input.end, history)
    } catch (error) {
      if (!(error instanceof Damaged)) throw error
      throw new FormatError(place, 'data compressed with xz', error.message, { cause: error })
    }
    const made = history.offset - begun
    block.decoded += made
    block.check?.add(history.last(made))
  }

  async #finish({ flags, sizes }: Stream, block: Block): Promise<void> {
    const input = this.#input
    const packed = input.offset - block.input
    const at = `the xz block at 0x${block.place.toString(16)}`
    for (const [told, is, what] of [
      [block.packedBytes, packed, 'packed bytes'],
      [block.bytes, block.decoded, 'bytes'],
    ] as const) {
      if (told !== undefined && told !== is) throw new FormatError(block.place, `${told} ${what}, as ${at} says`, `${is}`)
    }
    const { place } = input
    const padding = -packed & (WORD - 1)
    const checkBytes = flags.check.bytes
    await input.need(padding + checkBytes, 'the checksum of an xz block')
    const { bytes, at: start } = input
    if (bytes.subarray(start, start + padding).some((byte) => byte !== 0))
      throw new FormatError(place, 'zeros behind a block', 'others')
    const kept = bytes.slice(start + padding, start + padding + checkBytes)
    input.at += padding + checkBytes
    const found = block.check?.digest() ?? kept
    if (kept.some((byte, i) => byte !== found[i])) throw wrongSum(place + padding, `what ${at} holds`, { found, kept })
    sizes?.add(block.headerBytes + packed + checkBytes, block.decoded)
    this.#block = undefined
  }
}
