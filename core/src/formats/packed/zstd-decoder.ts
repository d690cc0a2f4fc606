import type { ByteSource } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import { Damaged, type Decoder, type Mark, makePiece } from './decoder.ts'
import { History } from './history.ts'
import { PackedInput } from './packed-input.ts'
import { wrongSum } from './wrong-sum.ts'
import { Xxh64 } from './xxh64.ts'
import { decodeBlock } from './zstd-block.ts'
import { type BlockState, firstState, LARGEST_BLOCK } from './zstd-state.ts'

const FRAME = 0xfd2fb528
const SKIPPABLE = 0x184d2a50
/** What `zstd -d` takes without being asked to take more. */
const LARGEST_WINDOW = 2 ** 27
const CHECKSUM_BYTES = 4
const BLOCK = { raw: 0, rle: 1, compressed: 2, reserved: 3 } as const

const DICTIONARY_ID_BYTES = [0, 1, 2, 4]
/** Bytes of the content size field by the two bits that announce it; without a window descriptor it is never left out. */
const CONTENT_SIZE_BYTES = [0, 2, 4, 8]

interface FrameHeader {
  readonly window: number
  readonly hasChecksum: boolean
  /** What the writer knew it would hold. */
  readonly contents: number | undefined
}

/** A frame that is being decoded. */
interface Frame extends FrameHeader {
  /** Its first byte in the file. */
  readonly place: number
  state: BlockState
  decoded: number
  isDone: boolean
}

/**
 * Decodes the frames of a zstd file one after the other, block by block, and holds each against its checksum. Skippable frames hold
 * nothing.
 *
 * Source: RFC 8878, 3.1.
 */
export class ZstdDecoder implements Decoder {
  readonly history: History
  readonly #source: ByteSource
  readonly #base: number
  readonly #input: PackedInput
  #frame: Frame | undefined
  /** Of the frame so far, where checksums are compared. */
  #hash: Xxh64 | undefined
  readonly #isFirst: boolean

  /** `base` is where `source` begins in its file. */
  constructor(source: ByteSource, base: number, from?: ZstdPlace) {
    this.#source = source
    this.#base = base
    this.#isFirst = from === undefined
    this.#input = new PackedInput(source, from?.input ?? 0, base)
    this.history = new History(from?.frame?.window ?? 0, from?.offset, from?.window)
    this.#frame = from?.frame && { ...from.frame }
  }

  get isBetweenParts(): boolean {
    return this.#frame === undefined
  }

  get consumed(): number {
    return this.#input.offset
  }

  more(): Promise<number> {
    return makePiece(this.history, LARGEST_BLOCK, async (made) => {
      const frame = this.#frame
      if (frame === undefined) return made === 0 && this.#begin()
      if (frame.isDone) await this.#finish(frame)
      else await this.#block(frame)
      return true
    })
  }

  mark(): Mark {
    const frame = this.#frame && { ...this.#frame }
    const window = this.history.last(frame === undefined ? 0 : Math.min(frame.window, frame.decoded)).slice()
    const place = { input: this.#input.offset, offset: this.history.offset, frame, window }
    return {
      offset: place.offset,
      kept: window.length + MARK_BYTES,
      resume: () => new ZstdDecoder(this.#source, this.#base, place),
    }
  }

  /** Reads the header of the next frame; false at the end of the file. */
  async #begin(): Promise<boolean> {
    const input = this.#input
    for (;;) {
      if (input.isAtEnd) return false
      const { place } = input
      await input.need(4, 'a zstd frame')
      const magic = u32(input)
      if ((magic & ~0xf) >>> 0 === SKIPPABLE) {
        await input.need(4, 'the size of a skippable zstd frame')
        await skip(input, u32(input))
        continue
      }
      if (magic !== FRAME)
        throw new FormatError(
          place,
          `a zstd frame${place > this.#base ? ', or the end of the file' : ''}`,
          `0x${magic.toString(16)}`,
        )
      const header = await this.#header()
      this.#frame = { ...header, place, state: firstState, decoded: 0, isDone: false }
      this.#hash = header.hasChecksum && this.#isFirst ? new Xxh64() : undefined
      this.history.widen(header.window)
      return true
    }
  }

  async #header(): Promise<FrameHeader> {
    const input = this.#input
    const what = 'the header of a zstd frame'
    const { place } = input
    await input.need(1, what)
    const descriptor = input.bytes[input.at++]!
    if ((descriptor & 8) !== 0) throw new FormatError(place, `${what} of this version`, `0x${descriptor.toString(16)}`)
    const isSingle = (descriptor & 0x20) !== 0
    const sizeBytes = CONTENT_SIZE_BYTES[descriptor >> 6]! || (isSingle ? 1 : 0)
    const idBytes = DICTIONARY_ID_BYTES[descriptor & 3]!
    await input.need((isSingle ? 0 : 1) + idBytes + sizeBytes, what)
    let window = isSingle ? 0 : windowOf(input.bytes[input.at++]!)
    if (little(input, idBytes) !== 0) throw new FormatError(place, 'a zstd frame that needs no dictionary', 'one that does')
    const size = little(input, sizeBytes) + (sizeBytes === 2 ? 256 : 0)
    if (isSingle) window = size
    if (window > LARGEST_WINDOW) {
      const mebibytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`
      throw new FormatError(place, `a zstd frame with a window of at most ${mebibytes(LARGEST_WINDOW)}`, mebibytes(window))
    }
    return { window, hasChecksum: (descriptor & 4) !== 0, contents: sizeBytes === 0 ? undefined : size }
  }

  async #block(frame: Frame): Promise<void> {
    const input = this.#input
    const { place } = input
    await input.need(3, 'a block of a zstd frame')
    const word = little(input, 3)
    const type = (word >> 1) & 3
    const size = word >> 3
    if (type === BLOCK.reserved) throw new FormatError(place, 'a block of a zstd frame', 'one of the reserved type')
    if (size > LARGEST_BLOCK) throw new FormatError(place, 'a block of at most 128 KiB of a zstd frame', `one of ${size} bytes`)
    const length = type === BLOCK.rle ? 1 : size
    await input.need(length, 'the contents of a zstd block')
    const begun = this.history.offset
    this.#contents(frame, type, size, place)
    input.at += length
    const made = this.history.offset - begun
    frame.decoded += made
    frame.isDone = (word & 1) !== 0
    if (frame.contents !== undefined && frame.decoded > frame.contents) throw wrongSize(frame)
    this.#hash?.add(this.history.last(made))
  }

  #contents(frame: Frame, type: number, size: number, place: number): void {
    const { bytes, at } = this.#input
    const { history } = this
    if (type === BLOCK.compressed) {
      const reach = Math.min(frame.window, frame.decoded)
      try {
        frame.state = decodeBlock({ bytes, start: at, end: at + size, reach }, history, frame.state)
      } catch (error) {
        if (!(error instanceof Damaged)) throw error
        throw new FormatError(place, 'a block compressed with zstd', error.message, { cause: error })
      }
      return
    }
    if (type === BLOCK.raw) history.bytes.set(bytes.subarray(at, at + size), history.at)
    else history.bytes.fill(bytes[at]!, history.at, history.at + size)
    history.advance(size)
  }

  async #finish(frame: Frame): Promise<void> {
    if (frame.contents !== undefined && frame.decoded !== frame.contents) throw wrongSize(frame)
    if (frame.hasChecksum) {
      const { place } = this.#input
      await this.#input.need(CHECKSUM_BYTES, 'the checksum of a zstd frame')
      const kept = u32(this.#input)
      const found = this.#hash?.low() ?? kept
      if (found !== kept) {
        throw wrongSum(place, `what the zstd frame at 0x${frame.place.toString(16)} holds`, { found, kept })
      }
    }
    this.#frame = undefined
    this.#hash = undefined
  }
}

/** Tables and what else a mark keeps besides the window. */
const MARK_BYTES = 16 << 10

interface ZstdPlace {
  readonly input: number
  readonly offset: number
  readonly frame: Frame | undefined
  readonly window: Uint8Array
}

function wrongSize({ place, contents }: Frame): FormatError {
  return new FormatError(place, `a zstd frame of ${contents} bytes, as its header says`, 'one of another length')
}

function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3))
  return base + (base / 8) * (descriptor & 7)
}

function little(input: PackedInput, bytes: number): number {
  let value = 0
  for (let i = bytes - 1; i >= 0; i--) value = value * 256 + input.bytes[input.at + i]!
  input.at += bytes
  return value
}

const u32 = (input: PackedInput): number => little(input, 4)

async function skip(input: PackedInput, bytes: number): Promise<void> {
  for (let left = bytes; left > 0; ) {
    const step = Math.min(left, LARGEST_BLOCK)
    await input.need(step, 'a skippable zstd frame')
    input.at += step
    left -= step
  }
}
