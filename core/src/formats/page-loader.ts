import { type Gpa, type GpaRange, type LoadableMemory, PAGE_BYTES } from '../memory/index.ts'
import { type ByteSource, readExactly } from './byte-source.ts'
import { together } from './together.ts'

/** Guest RAM that can be brought in. */
export interface Ram {
  readonly memory: LoadableMemory
  load(ranges: readonly GpaRange[]): Promise<void>
}

/** Where in a source a page of guest RAM lies. */
export interface PlacedPage {
  readonly at: Gpa
  readonly offset: number
}

/** Copies whole pages into memory, with one read for pages that lie close together. */
export async function loadPages(source: ByteSource, memory: LoadableMemory, pages: readonly PlacedPage[]): Promise<void> {
  const sorted = [...pages].sort((a, b) => a.offset - b.offset)
  let room = new Uint8Array(0)
  for (const { start, bytes, items } of together(sorted, ({ offset }) => ({ offset, bytes: PAGE_BYTES }))) {
    if (bytes > room.length) room = new Uint8Array(bytes)
    const read = await readExactly(source, start, bytes, 'the contents of pages', room)
    for (const { at, offset } of items) memory.load(at, read.subarray(offset - start, offset - start + PAGE_BYTES))
  }
}
