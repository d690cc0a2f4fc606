import { type Gpa, type GpaRange, type LoadableMemory, PAGE_BYTES } from '../memory/index.ts'
import { type ByteSource, readExactly } from './byte-source.ts'

const GAP = 64 << 10
const LARGEST_READ = 4 << 20

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
  for (let first = 0; first < sorted.length; ) {
    const start = sorted[first]!.offset
    let last = first
    while (last + 1 < sorted.length && near(start, sorted[last]!.offset, sorted[last + 1]!.offset)) last++
    const bytes = await readExactly(source, start, sorted[last]!.offset + PAGE_BYTES - start, 'the contents of pages')
    for (; first <= last; first++) {
      const { at, offset } = sorted[first]!
      memory.load(at, bytes.subarray(offset - start, offset - start + PAGE_BYTES))
    }
  }
}

function near(start: number, last: number, next: number): boolean {
  return next - (last + PAGE_BYTES) <= GAP && next + PAGE_BYTES - start <= LARGEST_READ
}
