import type { History } from './history.ts'

/** A place between two pieces, from which decoding can go on. */
export interface Mark {
  /** What was decoded before it. */
  readonly offset: number
  /** What it keeps, in bytes. */
  readonly kept: number
  /** A decoder that goes on from here, and compares no checksums: whoever came here first did. */
  resume(): Decoder
}

/** Decodes a compressed file from one place to its end. */
export interface Decoder {
  /** What was decoded last, at least 128 KiB of it. */
  readonly history: History
  /** Decodes some more: the last bytes of `history`, 0 of them at the end. @throws FormatError with the byte of the compressed file. */
  more(): Promise<number>
  /** Bytes of the compressed file that were taken in. */
  readonly consumed: number
  /** This place. */
  mark(): Mark
  /** True between two parts that know nothing of each other: a mark keeps nothing there. */
  readonly isBetweenParts: boolean
}

/** What `more` makes at least, unless a part ends. */
export const PIECE = 1 << 20

/**
 * Takes steps until a piece is made, or until one says that there is no more to make for now. A step is told what has been made, and makes
 * at most `beyond` bytes more than the piece has room for.
 */
export async function makePiece(
  history: History,
  beyond: number,
  step: (made: number) => boolean | Promise<boolean>,
): Promise<number> {
  const begun = history.offset
  history.room(PIECE + beyond)
  let made = 0
  while (made < PIECE && (await step(made))) made = history.offset - begun
  return history.offset - begun
}

/** What lies in a block is nothing that a compressor writes: thrown where the place in the file is not known. */
export class Damaged extends Error {}
