import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gpa, PAGE_BYTES } from '../memory/index.ts'
import { bytesSource, type Codec, type Codecs, FormatError, openSavedMachine } from './index.ts'
import { type RamRecord, writeStream, xbzrle } from './testing/stream-writer.ts'

const RAM = gpa(0x4000_0000)
const PAGES = 3
const ram = 'mach-virt.ram'

/** A browser's way to decompress. */
function streaming(format: 'gzip' | 'deflate'): Codec {
  return async (bytes) => {
    const stream = new Blob([bytes.slice()]).stream().pipeThrough(new DecompressionStream(format))
    return new Uint8Array(await new Response(stream).arrayBuffer())
  }
}

const atOnce: Codecs = { gzip: gunzipSync, zlib: inflateSync }
const inTime: Codecs = { gzip: streaming('gzip'), zlib: streaming('deflate') }

async function ramOf(file: Uint8Array, codecs: Codecs): Promise<Uint8Array> {
  const machine = await openSavedMachine(bytesSource(file), { codecs })
  const memory = machine.memory()
  await machine.load(memory, machine.ranges)
  return memory.read(RAM, PAGES * PAGE_BYTES)
}

const step = fc.record({
  page: fc.nat(PAGES - 1),
  kind: fc.constantFrom('contents', 'zlib', 'xbzrle', 'fill'),
  value: fc.nat(255),
  at: fc.nat(PAGE_BYTES),
})

/** The record that a step makes of a page, and what the page holds then. Of a difference longer than the page QEMU sends the page. */
function recordOf({ page, kind, value, at }: Step, from: Uint8Array): readonly [RamRecord, Uint8Array] {
  const to = kind === 'fill' ? new Uint8Array(PAGE_BYTES).fill(value) : from.slice().fill(value, at, at + PAGE_BYTES / 2)
  if (kind === 'contents') return [{ block: ram, page, contents: to }, to]
  if (kind === 'zlib') return [{ block: ram, page, zlib: deflateSync(to) }, to]
  return [kind === 'fill' ? { block: ram, page, fill: value } : { block: ram, page, xbzrle: xbzrle(from, to) }, to]
}

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

function history(steps: readonly Step[]) {
  const pages: Uint8Array[] = Array.from({ length: PAGES }, () => new Uint8Array(PAGE_BYTES))
  const records = steps.map((each) => {
    const [record, to] = recordOf(each, pages[each.page]!)
    pages[each.page] = to
    return record
  })
  return { records, expected: Buffer.concat(pages) }
}

describe('a decompressor that takes its time', () => {
  it('gives what one gives that answers at once, whatever records follow one another', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const { records, expected } = history(steps)
        const file = gzipSync(writeStream({ blocks: [{ name: ram, bytes: PAGES * PAGE_BYTES }], sections: [records] }))
        for (const codecs of [atOnce, inTime]) expect(Buffer.compare(await ramOf(file, codecs), expected)).toBe(0)
      }),
      { numRuns: 50 },
    )
  })

  it.each([
    ['a file', gzipSync(writeStream()).subarray(0, 100), 'compressed with gzip'],
    [
      'a page',
      writeStream({ sections: [[{ block: ram, page: 0, zlib: Uint8Array.of(0x78, 0x9c, 1, 2, 3) }]] }),
      'compressed with zlib',
    ],
    [
      'a page of another size',
      writeStream({ sections: [[{ block: ram, page: 0, zlib: deflateSync(new Uint8Array(9)) }]] }),
      '9 bytes',
    ],
  ])('that rejects for %s makes a FormatError', async (_, file, message) => {
    for (const codecs of [atOnce, inTime]) {
      await expect(ramOf(file, codecs)).rejects.toThrow(FormatError)
      await expect(ramOf(file, codecs)).rejects.toThrow(message)
    }
  })

  it('keeps what it says itself', async () => {
    const full = new FormatError(7, 'less', 'more')
    const file = gzipSync(writeStream())
    await expect(ramOf(file, { gzip: () => Promise.reject(full) })).rejects.toThrow(full)
    await expect(
      ramOf(file, {
        gzip: async () => {
          throw full
        },
      }),
    ).rejects.toThrow(full)
  })
})
