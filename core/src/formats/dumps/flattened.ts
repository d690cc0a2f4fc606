import { type ByteSource, readExactly, truncated } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import { type Piece, Pieces } from './pieces.ts'

export const FLATTENED_MAGIC = 'makedumpfile\0\0\0\0'
const HEADER_BYTES = 4096
const RECORD_BYTES = 16
const TYPE_OFFSET = 16
const VERSION_OFFSET = 24
/** How much of the file is read for the head of a record: those that are near come with it. */
const WINDOW = 4096
/** QEMU writes pieces of 256 KiB: that would be a terabyte. */
const MOST_RECORDS = 2 ** 22

/**
 * The file that a flattened one is to become: records of bytes with the place where each belongs, in the order in which they were
 * written, so that a pipe can take them. Later ones overwrite earlier ones, and what none has is zeros. Big-endian.
 *
 * @throws FormatError with the byte of the flattened file.
 * @source makedumpfile IMPLEMENTATION, "The flattened format"; QEMU include/sysemu/dump.h, MakedumpfileHeader
 */
export async function unflattened(source: ByteSource, progress?: (done: number, total: number) => void): Promise<ByteSource> {
  const header = viewOf(await readExactly(source, 0, HEADER_BYTES, 'the header of a flattened dump'))
  for (const [what, at] of [
    ['type', TYPE_OFFSET],
    ['version', VERSION_OFFSET],
  ] as const) {
    const found = header.getBigInt64(at)
    if (found !== 1n) throw new FormatError(at, `${what} 1 of a flattened dump`, `${found}`)
  }
  const pieces = await recordsOf(source, progress)
  return new Unflattened(source, new Pieces(pieces))
}

async function recordsOf(source: ByteSource, progress?: (done: number, total: number) => void): Promise<Piece[]> {
  const records: Piece[] = []
  let window: DataView = new DataView(new ArrayBuffer(0))
  let start = 0
  for (let at = HEADER_BYTES; ; ) {
    if (at + RECORD_BYTES > source.byteLength) throw truncated(source.byteLength, 'the last record of a flattened dump')
    if (at < start || at + RECORD_BYTES > start + window.byteLength) {
      const bytes = Math.min(WINDOW, source.byteLength - at)
      window = viewOf(await readExactly(source, at, bytes, 'a record of a flattened dump'))
      start = at
      progress?.(at, source.byteLength)
    }
    const to = Number(window.getBigInt64(at - start))
    const bytes = Number(window.getBigInt64(at - start + 8))
    if (to === -1) return records
    if (bytes <= 0) throw new FormatError(at + 8, 'the length of a record', `${bytes}`)
    if (to < 0 || !Number.isSafeInteger(to + bytes)) throw new FormatError(at, 'the place of a record, or -1', `${to}`)
    if (records.length === MOST_RECORDS) throw new FormatError(at, `at most ${MOST_RECORDS} records`, 'more')
    const from = at + RECORD_BYTES
    if (bytes > source.byteLength - from) throw truncated(source.byteLength, `${bytes} bytes of a record`)
    records.push({ to, bytes, from })
    at = from + bytes
  }
}

class Unflattened implements ByteSource {
  readonly byteLength: number
  readonly storedBytes: number
  readonly #source: ByteSource
  readonly #pieces: Pieces

  constructor(source: ByteSource, pieces: Pieces) {
    this.byteLength = pieces.end
    this.storedBytes = source.byteLength
    this.#source = source
    this.#pieces = pieces
  }

  async slice(start: number, end: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(end - start)
    for (const { to, bytes: length, from } of this.#pieces.within(start, end)) {
      const read = await this.#source.slice(from, from + length)
      if (read.length !== length) throw truncated(from + read.length, 'a file that does not shrink while it is read')
      bytes.set(read, to - start)
    }
    return bytes
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
