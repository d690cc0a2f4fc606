import { blobSource } from '@vits/core/formats'

/** Bytes that are read at once: a browser takes about as long for a small piece of a file as for a large one. */
export const PIECE = 4 * 2 ** 20

/** Reads a piece into `room` of PIECE bytes, which is the caller's no more; what it gives lies in the same memory where that can be. */
export type ReadPiece = (n: number, room: ArrayBuffer) => Promise<Uint8Array<ArrayBuffer>>

/** Reads pieces of a file, of which the next is cheap: a stream of the file goes on there. Reads take turns. */
export function pieceReader(blob: Blob): ReadPiece {
  let stream: PieceStream | undefined
  let turn: Promise<unknown> = Promise.resolve()
  const read: ReadPiece = async (n, room) => {
    if (stream?.next !== n) {
      stream?.end()
      stream = PieceStream.from(blob, n)
    }
    return stream === undefined ? readAlone(blob, n) : stream.read(room)
  }
  return (n, room) => {
    const bytes = turn.then(() => read(n, room))
    turn = bytes.catch(() => {
      stream = undefined
    })
    return bytes
  }
}

const readAlone = (blob: Blob, n: number): Promise<Uint8Array<ArrayBuffer>> =>
  blobSource(blob).slice(n * PIECE, Math.min(blob.size, (n + 1) * PIECE)) as Promise<Uint8Array<ArrayBuffer>>

/** What lib.dom has not yet: a read that ends when so many bytes are there. */
interface Reader {
  read(view: Uint8Array<ArrayBuffer>, how: { readonly min: number }): Promise<ReadableStreamReadResult<Uint8Array<ArrayBuffer>>>
}

/** Chromium takes a stream for garbage to which only its own read leads, and that read then never ends: those are held here. */
const beingRead = new Set<PieceStream>()

class PieceStream {
  next: number
  readonly #reader: ReadableStreamBYOBReader
  readonly #bytes: number

  private constructor(reader: ReadableStreamBYOBReader, bytes: number, first: number) {
    this.#reader = reader
    this.#bytes = bytes
    this.next = first
  }

  /** Undefined where a browser's streams do not read into memory that is there. */
  static from(blob: Blob, first: number): PieceStream | undefined {
    try {
      return new PieceStream(
        blob
          .slice(first * PIECE, blob.size)
          .stream()
          .getReader({ mode: 'byob' }),
        blob.size,
        first,
      )
    } catch {
      return undefined
    }
  }

  async read(room: ArrayBuffer): Promise<Uint8Array<ArrayBuffer>> {
    beingRead.add(this)
    try {
      return await this.#fill(room)
    } finally {
      beingRead.delete(this)
    }
  }

  async #fill(room: ArrayBuffer): Promise<Uint8Array<ArrayBuffer>> {
    const wanted = Math.min(PIECE, this.#bytes - this.next++ * PIECE)
    let [buffer, filled] = [room, 0]
    // Browsers that do not know `min` give what is there.
    while (filled < wanted) {
      const rest = new Uint8Array(buffer, filled, wanted - filled)
      const { value } = await (this.#reader as Reader).read(rest, { min: rest.length })
      if (value === undefined || value.length === 0) throw new Error('the file became shorter while it was read')
      buffer = value.buffer
      filled += value.length
    }
    return new Uint8Array(buffer, 0, filled)
  }

  end(): void {
    this.#reader.cancel().catch(() => undefined)
  }
}
