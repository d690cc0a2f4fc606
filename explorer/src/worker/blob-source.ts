import { type ByteSource, blobSource } from '@vits/core/formats'

/** Bytes that are read at once: a browser takes about as long for a small piece of a file as for a large one. */
const PIECE = 8 * 2 ** 20
/** Pieces that are kept: a search of RAM goes up and down from one place, by turns. */
const MOST_PIECES = 6

/**
 * A file of the page. Whoever reads it goes forward, in small steps: pieces are read whole, and while one is looked at, the next one is
 * on its way. What jumps about has nothing read ahead for it.
 */
export function readAhead(blob: Blob): ByteSource {
  const file = blobSource(blob)
  const pieces = new Map<number, Promise<Uint8Array>>()
  let last = -2
  /** The piece, as the one that was asked for last. */
  const piece = (n: number): Promise<Uint8Array> => {
    const read = pieces.get(n) ?? file.slice(n * PIECE, Math.min(file.byteLength, (n + 1) * PIECE))
    pieces.delete(n)
    pieces.set(n, read)
    const [oldest] = pieces.keys()
    if (pieces.size > MOST_PIECES) pieces.delete(oldest!)
    return read
  }
  const turnTo = (n: number): Promise<Uint8Array> => {
    const isNext = n === last + 1
    last = n
    const read = piece(n)
    if (isNext && !pieces.has(n + 1) && (n + 1) * PIECE < file.byteLength) piece(n + 1).catch(() => pieces.delete(n + 1))
    return read
  }
  return {
    byteLength: file.byteLength,
    slice: async (start, end) => {
      const [first, final] = [Math.floor(start / PIECE), Math.floor(Math.max(start, end - 1) / PIECE)]
      if (final > first + 1) return file.slice(start, end)
      const bytes = await turnTo(first)
      const from = start - first * PIECE
      if (final === first) return bytes.subarray(from, from + end - start)
      const joined = new Uint8Array(end - start)
      joined.set(bytes.subarray(from))
      joined.set((await turnTo(final)).subarray(0, end - final * PIECE), final * PIECE - start)
      return joined
    },
  }
}
