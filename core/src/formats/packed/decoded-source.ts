import { type ByteSource, truncated } from '../byte-source.ts'
import { type Compression, compressions } from '../origin.ts'
import type { OpenOptions } from '../saved-machine.ts'
import { BZIP2_MAGIC, Bzip2Decoder } from './bzip2-decoder.ts'
import type { Decoder } from './decoder.ts'
import { GzipDecoder } from './gzip-decoder.ts'
import { LzopDecoder } from './lzop-decoder.ts'
import { LZOP_MAGIC } from './lzop-header.ts'
import { Marks } from './marks.ts'
import { Recent } from './recent.ts'
import { XzDecoder } from './xz-decoder.ts'
import { XZ_MAGIC } from './xz-fields.ts'
import { ZstdDecoder } from './zstd-decoder.ts'

const KEPT = 128 << 20
/** What of that stays decoded: the whole of a small file, the end of a large one, where the devices of a QEMU stream and their description are. */
const DECODED = 1 / 4

export interface Compressed {
  readonly source: ByteSource
  readonly compression: Compression
  /** Where `source` begins in its file. */
  readonly base: number
}

/** Of each compression the bytes that its files begin with, and what decodes them. */
const formats: Readonly<Record<Compression, { readonly magic: string; decoder(source: ByteSource, base: number): Decoder }>> = {
  gzip: { magic: '\x1f\x8b', decoder: (...file) => new GzipDecoder(...file) },
  zstd: { magic: '\x28\xb5\x2f\xfd', decoder: (...file) => new ZstdDecoder(...file) },
  bzip2: { magic: BZIP2_MAGIC, decoder: (...file) => new Bzip2Decoder(...file) },
  xz: { magic: XZ_MAGIC, decoder: (...file) => new XzDecoder(...file) },
  lzop: { magic: LZOP_MAGIC, decoder: (...file) => new LzopDecoder(...file) },
}

/** Decodes a file from its beginning. */
export function decoderOf({ source, compression, base }: Compressed): Decoder {
  return formats[compression].decoder(source, base)
}

/** How a file is compressed that begins with these bytes, one character each. */
export function compressionOf(start: string): Compression | undefined {
  return compressions.find((name) => start.startsWith(formats[name].magic))
}

/**
 * What a compressed file holds, to be read anywhere. It is decoded once to the end, which tells its length and whether its checksums
 * are those of its contents. On the way marks are set, from which it is decoded again for what is asked for.
 *
 * @throws FormatError with the byte of the compressed file where it is damaged.
 */
export async function decodedSource(file: Compressed, { progress, keeping = KEPT }: OpenOptions = {}): Promise<ByteSource> {
  const { source } = file
  const decoder = decoderOf(file)
  const recent = new Recent(Math.ceil(keeping * DECODED))
  const marks = new Marks(decoder.mark(), keeping * (1 - DECODED))
  for (let made = await decoder.more(); made > 0; made = await decoder.more()) {
    recent.add(decoder.history.last(made))
    const since = recent.end - marks.last.offset
    if (since >= marks.step || (decoder.isBetweenParts && since >= marks.step / 4)) marks.add(decoder.mark())
    progress?.(decoder.consumed, source.byteLength)
  }
  progress?.(source.byteLength, source.byteLength)
  return recent.start === 0 ? wholeSource(recent, source.byteLength) : new DecodedSource(source.byteLength, recent, marks)
}

function wholeSource(recent: Recent, storedBytes: number): ByteSource {
  return { byteLength: recent.end, storedBytes, slice: async (start, end) => recent.slice(start, end) }
}

class DecodedSource implements ByteSource {
  readonly byteLength: number
  readonly storedBytes: number
  readonly #recent: Recent
  readonly #marks: Marks
  #decoder: Decoder | undefined
  /** Reads take turns: there is one decoder for all of them. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(storedBytes: number, recent: Recent, marks: Marks) {
    this.byteLength = recent.end
    this.storedBytes = storedBytes
    this.#recent = recent
    this.#marks = marks
  }

  slice(start: number, end: number, scratch?: Uint8Array): Promise<Uint8Array> {
    if (start >= this.#recent.start) return Promise.resolve(this.#recent.slice(start, end, scratch))
    const read = this.#turn.then(() => this.#read(start, end, scratch))
    this.#turn = read.catch(() => undefined)
    return read
  }

  async #read(start: number, end: number, scratch: Uint8Array | undefined): Promise<Uint8Array> {
    const bytes = scratch?.subarray(0, end - start) ?? new Uint8Array(end - start)
    const until = Math.min(end, this.#recent.start)
    await this.#decode(start, bytes.subarray(0, until - start))
    if (end > until) bytes.set(this.#recent.slice(until, end), until - start)
    return bytes
  }

  async #decode(start: number, into: Uint8Array): Promise<void> {
    const mark = this.#marks.before(start)
    let decoder = this.#decoder
    if (decoder === undefined || decoder.history.start > start || decoder.history.offset < mark.offset) {
      this.#decoder = undefined
      decoder = mark.resume()
    }
    for (let done = 0; ; ) {
      const { bytes, at, offset } = decoder.history
      if (start + done < offset) {
        const from = at - (offset - start - done)
        const piece = bytes.subarray(from, Math.min(at, from + into.length - done))
        into.set(piece, done)
        done += piece.length
      }
      if (done === into.length) break
      if ((await decoder.more()) === 0) throw truncated(offset, 'a compressed file that does not change while it is read')
    }
    this.#decoder = decoder
  }
}
