import { once } from 'node:events'
import { createGzip, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ByteSource, bytesSource, FormatError } from '../index.ts'
import { joinedBytes, skippableFrame, zstdBlock, zstdBomb, zstdFrame } from '../testing/packed-files.ts'
import { type Compressed, decodedSource } from './decoded-source.ts'

const MEBIBYTE = 2 ** 20
const PAGE = 4096

/** Pages that tell where they lie. */
const contents = new Uint8Array(5 * MEBIBYTE)
for (let at = 0; at < contents.length; at += 8) new DataView(contents.buffer).setUint32(at, (at * 2654435761) >>> 0)

/** The contents in blocks of 100,000 bytes as they are, four to a frame. */
function stored(): Uint8Array {
  const frames: Uint8Array[] = []
  for (let at = 0; at < contents.length; ) {
    const blocks: Uint8Array[] = []
    for (let i = 0; i < 4; i++) {
      const piece = contents.subarray(at, at + 100_000)
      at += piece.length
      blocks.push(zstdBlock('raw', piece.length, piece, i === 3))
    }
    frames.push(zstdFrame({ blocks }))
  }
  return joinedBytes(...frames)
}

const files: readonly Compressed[] = [
  { compression: 'gzip', source: bytesSource(new Uint8Array(gzipSync(contents, { level: 1 }))), base: 0 },
  { compression: 'zstd', source: bytesSource(stored()), base: 0 },
]
/** So little that almost everything is decoded again. */
const scarce = { keeping: 280_000 }

describe.each(files)('what $compression holds', (file) => {
  it('is there at every place, in whatever order it is asked for', async () => {
    const source = await decodedSource(file, scarce)
    expect(source).toMatchObject({ byteLength: contents.length, storedBytes: file.source.byteLength })
    const place = fc.tuple(fc.nat(contents.length), fc.nat(3 * PAGE))
    await fc.assert(
      fc.asyncProperty(fc.array(place, { minLength: 1, maxLength: 6 }), async (places) => {
        const read = await Promise.all(
          places.map(async ([start, length]) =>
            Buffer.from(await source.slice(start, Math.min(start + length, contents.length))),
          ),
        )
        read.forEach((bytes, i) => {
          const [start, length] = places[i]!
          expect(Buffer.compare(bytes, contents.subarray(start, start + length))).toBe(0)
        })
      }),
      { numRuns: 10 },
    )
  })

  it('is read through in windows that overlap', async () => {
    const source = await decodedSource(file, scarce)
    const room = new Uint8Array(MEBIBYTE)
    for (let start = 0; start < contents.length; start += MEBIBYTE - 100_000) {
      const end = Math.min(start + MEBIBYTE, contents.length)
      expect(Buffer.compare(await source.slice(start, end, room), contents.subarray(start, end))).toBe(0)
    }
  })

  it('is decoded once when there is room for all of it', async () => {
    let asked = 0
    const counting: ByteSource = {
      byteLength: file.source.byteLength,
      slice: (start, end) => {
        asked += end - start
        return file.source.slice(start, end)
      },
    }
    const source = await decodedSource({ ...file, source: counting })
    const once = asked
    expect(Buffer.compare(await source.slice(0, contents.length), contents)).toBe(0)
    expect(asked).toBe(once)
  })

  it('shows how far through the file it is', async () => {
    const shown: number[][] = []
    await decodedSource(file, { progress: (...done) => shown.push(done) })
    expect(shown.at(-1)).toEqual([file.source.byteLength, file.source.byteLength])
    expect(shown.length).toBeGreaterThan(3)
  })

  it('is refused when the file is another one the second time', async () => {
    let isGone = false
    const { byteLength } = file.source
    const changing = {
      byteLength,
      slice: async (start: number, end: number) => (isGone ? new Uint8Array(end - start) : file.source.slice(start, end)),
    }
    const source = await decodedSource({ ...file, source: changing }, scarce)
    isGone = true
    await expect(source.slice(0, PAGE)).rejects.toThrow(FormatError)
    isGone = false
    expect(Buffer.compare(await source.slice(0, PAGE), contents.subarray(0, PAGE))).toBe(0)
  })
})

it('a bomb costs what is kept of it, not what it holds', async () => {
  const before = process.memoryUsage().arrayBuffers
  const source = await decodedSource({ compression: 'zstd', source: bytesSource(zstdBomb(2 ** 30)), base: 0 })
  expect(source.byteLength).toBe(2 ** 30)
  expect([...(await source.slice(2 ** 29, 2 ** 29 + 4))]).toEqual([0, 0, 0, 0])
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 28)
})

describe('a file of more than 4 GiB', () => {
  const GIBIBYTE = 2 ** 30
  const LENGTH = 4.125
  const { VITS_LONG } = process.env

  it('is read wherever that is of what it holds', async () => {
    const blocks = (value: number) => zstdBlock('rle', 128 << 10, Uint8Array.of(value))
    const count = (LENGTH * GIBIBYTE) / (128 << 10)
    const file = zstdFrame({
      blocks: [
        ...Array.from({ length: count }, (_, i) => blocks(i < count / 2 ? 1 : 2)),
        zstdBlock('raw', contents.length / 64, contents.subarray(0, contents.length / 64), true),
      ],
    })
    const source = await decodedSource({ compression: 'zstd', source: bytesSource(file), base: 0 }, scarce)
    expect(source.byteLength).toBe(LENGTH * GIBIBYTE + contents.length / 64)
    expect([...(await source.slice((LENGTH / 2) * GIBIBYTE - 2, (LENGTH / 2) * GIBIBYTE + 2))]).toEqual([1, 1, 2, 2])
    expect(
      Buffer.compare(await source.slice(LENGTH * GIBIBYTE, source.byteLength), contents.subarray(0, contents.length / 64)),
    ).toBe(0)
  })

  it('is read wherever that is of the file', async () => {
    const [first, last] = [Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5)].map((bytes) =>
      zstdFrame({ blocks: [zstdBlock('raw', bytes.length, bytes, true)] }),
    ) as [Uint8Array, Uint8Array]
    const start = joinedBytes(first, skippableFrame(new Uint8Array(0)))
    new DataView(start.buffer).setUint32(start.length - 4, 2 ** 32 - 1, true)
    const end = start.length + 2 ** 32 - 1
    const source: ByteSource = {
      byteLength: end + last.length,
      slice: async (from, to, room = new Uint8Array(to - from)) => {
        const bytes = room.subarray(0, to - from)
        if (from < start.length) bytes.set(start.subarray(from, to))
        if (to > end) bytes.set(last.subarray(Math.max(0, from - end), to - end), Math.max(0, end - from))
        return bytes
      },
    }
    const whole = await decodedSource({ compression: 'zstd', source, base: 0 })
    expect([...(await whole.slice(0, whole.byteLength))]).toEqual([1, 2, 3, 4, 5])
    const cut = decodedSource({ compression: 'zstd', source: { ...source, byteLength: end + 2 }, base: 100 })
    await expect(cut).rejects.toMatchObject({ offset: 100 + end + 2 })
  })

  /** What gzip keeps of the length has 32 bits: in a long run it is more. */
  it('is held against its length', async () => {
    const bytes = VITS_LONG === undefined ? 2 ** 26 : 4.25 * GIBIBYTE
    const gzip = createGzip({ level: 1 })
    const pieces: Uint8Array[] = []
    gzip.on('data', (piece: Uint8Array) => pieces.push(piece))
    const zeros = new Uint8Array(2 ** 26)
    for (let at = 0; at < bytes; at += zeros.length) if (!gzip.write(zeros)) await once(gzip, 'drain')
    gzip.end()
    await once(gzip, 'end')
    const source = bytesSource(joinedBytes(...pieces))
    const whole = await decodedSource({ compression: 'gzip', source, base: 0 }, scarce)
    expect(whole.byteLength).toBe(bytes)
  })
})
