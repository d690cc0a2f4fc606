import type { FseTable } from './fse.ts'
import type { HuffmanTable } from './huffman.ts'

/** What one block may hold at most. */
export const LARGEST_BLOCK = 128 << 10

/** What a block leaves to the next one of its frame, besides the window. Tables are never changed once they are made. */
export interface BlockState {
  readonly huffman: HuffmanTable | undefined
  /** Of literal lengths, offsets and match lengths. */
  readonly tables: readonly (FseTable | undefined)[]
  /** The last three distances, the newest first. */
  readonly distances: readonly [number, number, number]
}

export const firstState: BlockState = { huffman: undefined, tables: [], distances: [1, 4, 8] }
