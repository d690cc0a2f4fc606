import type { ByteSource } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import { crc32 } from './crc32.ts'
import { Damaged, type Decoder, type Mark, makePiece, PIECE } from './decoder.ts'
import { History } from './history.ts'
import { DEFLATE_WINDOW, Inflate, type InflateState, LONGEST_MATCH } from './inflate.ts'
import { PackedInput } from './packed-input.ts'
import { wrongSum } from './wrong-sum.ts'

const MAGIC = 0x8b1f
const DEFLATE = 8
const FLAG = { headerCrc: 0x02, extra: 0x04, name: 0x08, comment: 0x10, reserved: 0xe0 } as const
const HEADER_BYTES = 10
const TRAILER_BYTES = 8
/** Lengths of codes and what else a mark keeps besides the window. */
const MARK_BYTES = 4 << 10

/** A member that is being decoded. */
interface Member {
  /** Its first byte in the file. */
  readonly place: number
  readonly inflate: Inflate
  /** Of what was decoded, where checksums are compared. */
  crc: number | undefined
  decoded: number
}

interface GzipPlace {
  readonly input: number
  readonly offset: number
  readonly member: { readonly place: number; readonly decoded: number; readonly state: InflateState } | undefined
  readonly window: Uint8Array
}

/** Decodes the members of a gzip file one after the other, and holds each against its CRC and its length. Source: RFC 1952. */
export class GzipDecoder implements Decoder {
  readonly history: History
  readonly #source: ByteSource
  readonly #base: number
  readonly #input: PackedInput
  #member: Member | undefined
  readonly #isFirst: boolean

  /** `base` is where `source` begins in its file. */
  constructor(source: ByteSource, base: number, from?: GzipPlace) {
    this.#source = source
    this.#base = base
    this.#isFirst = from === undefined
    this.#input = new PackedInput(source, from?.input ?? 0, base)
    this.history = new History(DEFLATE_WINDOW, from?.offset, from?.window)
    if (from?.member === undefined) return
    const { place, decoded, state } = from.member
    this.#member = { place, decoded, inflate: new Inflate(state), crc: undefined }
  }

  get isBetweenParts(): boolean {
    return this.#member === undefined
  }

  get consumed(): number {
    return this.#input.offset
  }

  more(): Promise<number> {
    return makePiece(this.history, LONGEST_MATCH, async (made) => {
      const member = this.#member
      if (member === undefined) return made === 0 && this.#begin()
      if (member.inflate.isDone) await this.#finish(member)
      else await this.#inflate(member, PIECE - made)
      return true
    })
  }

  mark(): Mark {
    const member = this.#member && { place: this.#member.place, decoded: this.#member.decoded, state: this.#member.inflate.state }
    const window = this.history.last(Math.min(DEFLATE_WINDOW, member?.decoded ?? 0)).slice()
    const place = { input: this.#input.offset, offset: this.history.offset, member, window }
    return {
      offset: place.offset,
      kept: window.length + MARK_BYTES,
      resume: () => new GzipDecoder(this.#source, this.#base, place),
    }
  }

  /** Reads the header of the next member; false at the end of the file, which zeros may fill. */
  async #begin(): Promise<boolean> {
    const input = this.#input
    if (!(await input.passZeros())) return false
    const at = input.place
    await input.need(2, 'a gzip member')
    const magic = input.bytes[input.at]! | (input.bytes[input.at + 1]! << 8)
    if (magic !== MAGIC)
      throw new FormatError(at, `a gzip member${at > this.#base ? ', or the end of the file' : ''}`, `0x${magic.toString(16)}`)
    await input.need(HEADER_BYTES, 'the header of a gzip member')
    const { bytes, at: start } = input
    const [method, flags] = [bytes[start + 2]!, bytes[start + 3]!]
    if (method !== DEFLATE || (flags & FLAG.reserved) !== 0)
      throw new FormatError(at + 2, 'data compressed with gzip', `method ${method}, flags 0x${flags.toString(16)}`)
    input.at += HEADER_BYTES
    if ((flags & FLAG.extra) !== 0) {
      await input.need(2, 'the header of a gzip member')
      const extra = input.bytes[input.at]! | (input.bytes[input.at + 1]! << 8)
      await input.need(2 + extra, 'the header of a gzip member')
      input.at += 2 + extra
    }
    if ((flags & FLAG.name) !== 0) await this.#text()
    if ((flags & FLAG.comment) !== 0) await this.#text()
    if ((flags & FLAG.headerCrc) !== 0) {
      await input.need(2, 'the header of a gzip member')
      input.at += 2
    }
    this.#member = { place: at, inflate: new Inflate(), crc: this.#isFirst ? 0 : undefined, decoded: 0 }
    return true
  }

  /** A text that a zero byte ends. */
  async #text(): Promise<void> {
    const input = this.#input
    do await input.need(1, 'the header of a gzip member')
    while (input.bytes[input.at++] !== 0)
  }

  async #inflate(member: Member, most: number): Promise<void> {
    const input = this.#input
    const { history } = this
    const begun = history.offset
    const { place } = input
    try {
      member.inflate.run(input, history, most)
    } catch (error) {
      if (!(error instanceof Damaged)) throw error
      throw new FormatError(place, 'data compressed with gzip', error.message, { cause: error })
    }
    const made = history.offset - begun
    member.decoded += made
    if (member.crc !== undefined) member.crc = crc32(history.last(made), member.crc)
    if (made === 0 && !member.inflate.isDone) await input.refill()
  }

  async #finish({ place, crc, decoded }: Member): Promise<void> {
    const input = this.#input
    const at = input.place
    await input.need(TRAILER_BYTES, 'the checksum of a gzip member')
    const view = new DataView(input.bytes.buffer, input.bytes.byteOffset + input.at, TRAILER_BYTES)
    const [kept, length] = [view.getUint32(0, true), view.getUint32(4, true)]
    input.at += TRAILER_BYTES
    this.#member = undefined
    const member = `the gzip member at 0x${place.toString(16)}`
    if (crc !== undefined && crc !== kept) throw wrongSum(at, `what ${member} holds`, { found: crc, kept })
    if (length !== decoded % 2 ** 32)
      throw new FormatError(at + 4, `the length of what ${member} holds, ${decoded} bytes`, `${length}: the file is damaged`)
  }
}
