import type { ByteSource } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import { adler32 } from './adler32.ts'
import { crc32 } from './crc32.ts'
import { Damaged, type Decoder, type Mark, makePiece } from './decoder.ts'
import { History } from './history.ts'
import { unlzo1x } from './lzo1x.ts'
import { LZOP_FLAG, type LzopHeader, readLzopHeader } from './lzop-header.ts'
import { PackedInput } from './packed-input.ts'
import { wrongSum } from './wrong-sum.ts'

/** As in lzop: a block may not hold more. */
const LARGEST_BLOCK = 64 << 20
const MARK_BYTES = 256
const WORD = 4

/** The checksums that may stand before a block: of its contents, and where it is packed of how it lies in the file. */
const sums = [
  { of: 'contents', flag: LZOP_FLAG.adler32, make: adler32 },
  { of: 'contents', flag: LZOP_FLAG.crc32, make: (bytes: Uint8Array) => crc32(bytes) },
  { of: 'packed', flag: LZOP_FLAG.packedAdler32, make: adler32 },
  { of: 'packed', flag: LZOP_FLAG.packedCrc32, make: (bytes: Uint8Array) => crc32(bytes) },
] as const

interface LzopPlace {
  readonly input: number
  readonly offset: number
  readonly header: LzopHeader | undefined
}

/**
 * Decodes the files that an lzop file consists of one after the other, block by block, and holds each block against its checksums.
 * No block knows of another.
 *
 * Source: lzop 1.04, src/lzop.c, p_lzo.c and conf.h.
 */
export class LzopDecoder implements Decoder {
  readonly history: History
  readonly #source: ByteSource
  readonly #base: number
  readonly #input: PackedInput
  #header: LzopHeader | undefined
  readonly #isFirst: boolean

  /** `base` is where `source` begins in its file. */
  constructor(source: ByteSource, base: number, from?: LzopPlace) {
    this.#source = source
    this.#base = base
    this.#isFirst = from === undefined
    this.#input = new PackedInput(source, from?.input ?? 0, base)
    this.history = new History(0, from?.offset)
    this.#header = from?.header
  }

  get isBetweenParts(): boolean {
    return true
  }

  get consumed(): number {
    return this.#input.offset
  }

  more(): Promise<number> {
    return makePiece(this.history, 0, (made) =>
      this.#header === undefined ? made === 0 && this.#begin() : this.#block(this.#header, made),
    )
  }

  mark(): Mark {
    const place = { input: this.#input.offset, offset: this.history.offset, header: this.#header }
    return { offset: place.offset, kept: MARK_BYTES, resume: () => new LzopDecoder(this.#source, this.#base, place) }
  }

  /** Reads the header of the next file; false at the end of all, which zeros may fill. */
  async #begin(): Promise<boolean> {
    if (!(await this.#input.passZeros())) return false
    this.#header = await readLzopHeader(this.#input, this.#input.place === this.#base)
    return true
  }

  /** Decodes a block, or takes the end of the file in; false where the block has no room behind what was made of the piece. */
  async #block({ flags }: LzopHeader, made: number): Promise<boolean> {
    const input = this.#input
    const { place } = input
    const what = 'a block of an lzop file'
    await input.need(WORD, what)
    const bytes = word(input, 0)
    if (bytes === 0) {
      input.at += WORD
      this.#header = undefined
      return true
    }
    await input.need(2 * WORD, what)
    const packedBytes = word(input, 1)
    if (bytes > LARGEST_BLOCK || packedBytes === 0 || packedBytes > bytes)
      throw new FormatError(place, `${what} of at most 64 MiB, and not more packed`, `${bytes} bytes, packed ${packedBytes}`)
    const kept = sums.filter(({ of, flag }) => (flags & flag) !== 0 && (of === 'contents' || packedBytes < bytes))
    const start = (2 + kept.length) * WORD
    await input.need(start + packedBytes, what)
    const { history } = this
    // Making room may move what was made before: there is room for that already, or this block waits.
    if (history.at + bytes > history.bytes.length) {
      if (made > 0) return false
      history.room(bytes)
    }
    const packed = input.bytes.subarray(input.at + start, input.at + start + packedBytes)
    const check = (which: 'contents' | 'packed', held: Uint8Array): void => {
      if (!this.#isFirst) return
      const block = `the lzop block at 0x${place.toString(16)}`
      const what = which === 'contents' ? `what ${block} holds` : `how ${block} is packed`
      for (const [i, { of, make }] of kept.entries()) {
        const [found, told] = [of === which ? make(held) : 0, word(input, 2 + i)]
        if (of === which && found !== told) throw wrongSum(place + (2 + i) * WORD, what, { found, kept: told })
      }
    }
    check('packed', packed)
    const contents = packedBytes < bytes ? unpacked(packed, bytes, place + start) : packed
    check('contents', contents)
    history.bytes.set(contents, history.at)
    history.advance(bytes)
    input.at += start + packedBytes
    return true
  }
}

function unpacked(packed: Uint8Array, bytes: number, place: number): Uint8Array {
  try {
    return unlzo1x(packed, bytes)
  } catch (error) {
    if (!(error instanceof Damaged)) throw error
    throw new FormatError(place, 'a block compressed with lzop', error.message, { cause: error })
  }
}

function word({ bytes, at }: PackedInput, index: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset + at + index * WORD, WORD).getUint32(0)
}
