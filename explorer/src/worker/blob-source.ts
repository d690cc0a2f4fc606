import type { ByteSource } from '@vits/core/formats'
import { PIECE, pieceReader, type ReadPiece } from './piece-reader.ts'

/** Pieces that are kept: a search of RAM goes up and down from one place, by turns. */
const MOST_PIECES = 12

interface Piece {
  readonly bytes: Promise<Uint8Array<ArrayBuffer>>
  /** Who waits for the bytes, or copies them. */
  users: number
}

/**
 * A file of the page. Whoever reads it goes forward, in small steps: pieces are read whole, and while one is looked at, the next one is
 * on its way. What jumps about has nothing read ahead for it. Bytes are copied out of pieces, whose memory is used again: a browser
 * takes longer to find new memory for them than to read them.
 */
export function readAhead(blob: Blob): ByteSource {
  return new PiecesOfFile(blob)
}

class PiecesOfFile implements ByteSource {
  readonly byteLength: number
  readonly #read: ReadPiece
  /** As they were used last. */
  readonly #pieces = new Map<number, Piece>()
  readonly #rooms: ArrayBuffer[] = []
  #last = -2

  constructor(blob: Blob) {
    this.byteLength = blob.size
    this.#read = pieceReader(blob)
  }

  async slice(start: number, end: number, scratch?: Uint8Array): Promise<Uint8Array> {
    const into = scratch?.subarray(0, end - start) ?? new Uint8Array(end - start)
    for (let at = start; at < end; ) {
      const n = Math.floor(at / PIECE)
      const until = Math.min(end, (n + 1) * PIECE)
      const piece = this.#turnTo(n)
      piece.users++
      try {
        into.set((await piece.bytes).subarray(at - n * PIECE, until - n * PIECE), at - start)
      } finally {
        piece.users--
      }
      at = until
    }
    return into
  }

  #turnTo(n: number): Piece {
    const isNext = n === this.#last + 1
    this.#last = n
    const piece = this.#piece(n)
    if (isNext && (n + 1) * PIECE < this.byteLength) this.#piece(n + 1)
    return piece
  }

  /** The piece, as the one that was used last. */
  #piece(n: number): Piece {
    const piece = this.#pieces.get(n) ?? this.#begin(n)
    this.#pieces.delete(n)
    this.#pieces.set(n, piece)
    return piece
  }

  #begin(n: number): Piece {
    this.#forgetOldest()
    const bytes = this.#read(n, this.#rooms.pop() ?? new ArrayBuffer(PIECE))
    // A failure is told to whoever asked for the piece; of one that was read ahead, to whoever asks for it then.
    bytes.catch(() => this.#pieces.delete(n))
    return { bytes, users: 0 }
  }

  #forgetOldest(): void {
    if (this.#pieces.size < MOST_PIECES) return
    const [oldest] = [...this.#pieces].filter(([, { users }]) => users === 0)
    if (oldest === undefined) return
    const [n, { bytes }] = oldest
    this.#pieces.delete(n)
    bytes.then(({ buffer }) => buffer.byteLength === PIECE && this.#rooms.push(buffer)).catch(() => undefined)
  }
}
