import { describe, expect, it } from 'vitest'
import { type Gpa, gpa, LoadableMemory, PAGE_BYTES } from '../memory/index.ts'
import type { ByteSource } from './index.ts'
import { loadPages } from './page-loader.ts'

const RAM = 0x4000_0000
const GAP = 64 << 10
const MOST = 4 << 20

/** A file whose bytes tell in which half page they lie, and what is read of it. */
function file(bytes: number): ByteSource & { readonly reads: (readonly [start: number, bytes: number])[] } {
  const reads: (readonly [number, number])[] = []
  const contents = new Uint8Array(bytes)
  for (let at = 0; at < bytes; at += 2048) contents.fill(at >>> 11, at, at + 2048)
  return {
    byteLength: bytes,
    reads,
    slice: async (start, end) => {
      reads.push([start, end - start])
      return contents.subarray(start, end)
    },
  }
}

/** Loads pages from these offsets into the first pages of RAM, in this order; the reads that it took. */
async function loaded(offsets: readonly number[]) {
  const source = file(5 << 20)
  const memory = new LoadableMemory([{ base: gpa(RAM), bytes: (offsets.length + 1) * PAGE_BYTES }])
  const pages = offsets.map((offset, i) => ({ at: gpa(RAM + i * PAGE_BYTES), offset }))
  await loadPages(source, memory, pages)
  for (const [i, offset] of offsets.entries()) {
    const [first, last] = [memory.u32((RAM + i * PAGE_BYTES) as Gpa), memory.u32((RAM + (i + 1) * PAGE_BYTES - 4) as Gpa)]
    expect([first & 0xff, last >>> 24]).toEqual([(offset >>> 11) & 0xff, ((offset + PAGE_BYTES - 1) >>> 11) & 0xff])
  }
  return source.reads
}

describe('pages that lie in a file', () => {
  it.each<[string, readonly number[], readonly (readonly [number, number])[]]>([
    ['none', [], []],
    ['one', [0x1008], [[0x1008, 0x1000]]],
    ['side by side', [0x2000, 0x3000, 0x4000], [[0x2000, 0x3000]]],
    ['in any order', [0x4000, 0x2000, 0x3000], [[0x2000, 0x3000]]],
    ['64 KiB apart', [0x2000, 0x3000 + GAP], [[0x2000, 0x2000 + GAP]]],
    [
      'further apart',
      [0x2000, 0x3001 + GAP],
      [
        [0x2000, 0x1000],
        [0x3001 + GAP, 0x1000],
      ],
    ],
    ['twice', [0x2000, 0x2000], [[0x2000, 0x1000]]],
  ])('come with as few reads as is sensible: %s', async (_, offsets, reads) => {
    expect(await loaded(offsets)).toEqual(reads)
  })

  it.each([
    ['4 MiB', 0, [[8, MOST]]],
    [
      'a little more',
      1,
      [
        [8, MOST - GAP + PAGE_BYTES],
        [9 + MOST - PAGE_BYTES, PAGE_BYTES],
      ],
    ],
  ])('come with reads of at most 4 MiB: %s', async (_, more, reads) => {
    const offsets = Array.from({ length: MOST / GAP }, (_each, i) => 8 + i * GAP)
    expect(await loaded([...offsets, 8 + more + MOST - PAGE_BYTES])).toEqual(reads)
  })
})
