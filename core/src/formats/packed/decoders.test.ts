import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesSource, type Compression, FormatError } from '../index.ts'
import { writeBzip2 } from '../testing/bzip2-writer.ts'
import { decoded } from '../testing/decoded.ts'
import { lzo1x } from '../testing/lzo1x-writer.ts'
import { joinedBytes } from '../testing/packed-files.ts'
import { otherFixtures, packedFixture, sample, tinyFixtures } from '../testing/packed-fixtures.ts'
import { writeLzop, writeXz } from '../testing/packed-writers.ts'
import { compressionOf, decoderOf } from './decoded-source.ts'

/** In a long run each byte and bit of a file; otherwise some. */
const isLong = process.env['VITS_LONG'] !== undefined
const MEBIBYTE = 2 ** 20

const kindOf = (bytes: Uint8Array) => compressionOf(Buffer.from(bytes.subarray(0, 16)).toString('latin1'))
const decoder = (bytes: Uint8Array, { compression = kindOf(bytes), base = 0 } = {}) =>
  decoderOf({ source: bytesSource(bytes), compression: compression!, base })
const unpacked = async (bytes: Uint8Array, file?: { compression?: Compression; base?: number }) =>
  (await decoded(decoder(bytes, file))).bytes

describe.each([...tinyFixtures, ...otherFixtures])('$file', ({ file, compression, contents }) => {
  it('holds what its own program put into it, and is told by how it begins', async () => {
    const packed = packedFixture(file)
    expect(kindOf(packed)).toBe(compression)
    expect(Buffer.compare(await unpacked(packed), contents())).toBe(0)
  })
})

it.each(['large-1.bz2', 'large-3.xz', 'large-blocks.xz', 'large-1.lzo'])(
  '%s can be gone on with from any mark, behind zeros and other files too',
  async (file) => {
    const part = packedFixture(file)
    const contents = sample(300_000)
    const packed = joinedBytes(part, part, new Uint8Array(8), part, new Uint8Array(4000))
    const whole = joinedBytes(contents, contents, contents)
    const first = decoder(packed)
    const marks = [first.mark()]
    while ((await first.more()) > 0) marks.push(first.mark())
    for (const mark of marks) expect(Buffer.compare((await decoded(mark.resume())).bytes, whole.subarray(mark.offset))).toBe(0)
  },
)

describe.each(tinyFixtures)('$file', ({ file, compression, contents }) => {
  const packed = packedFixture(file)

  it('is refused wherever it is cut, with the byte of the file', async () => {
    for (let end = 1; end < packed.length; end += isLong ? 1 : 3) {
      const cut = unpacked(packed.subarray(0, end), { compression, base: 1000 })
      const error = await cut.catch((error: unknown) => error)
      expect(error, `${end} bytes`).toBeInstanceOf(FormatError)
      const { offset } = error as FormatError
      expect([offset >= 1000, offset <= 1000 + end], `${end} bytes`).toEqual([true, true])
    }
  })

  it('is refused with a bit flipped, or comes out the same', async () => {
    let unchanged = 0
    for (let bit = 0; bit < packed.length * 8; bit += isLong ? 1 : 23) {
      const flipped = packed.with(bit >> 3, packed[bit >> 3]! ^ (1 << (bit & 7)))
      const result = await unpacked(flipped, { compression }).catch((error: unknown) => error)
      if (result instanceof FormatError) continue
      expect(Buffer.compare(result as Buffer, contents()), `bit ${bit}`).toBe(0)
      unchanged++
    }
    // Of bzip2 some bits say nothing: the size of the largest block, codes that are not used, what fills the last byte. Of LZO two do.
    if (compression === 'xz') expect(unchanged).toBe(0)
  })

  it('has text behind it, and is refused', async () => {
    await expect(unpacked(joinedBytes(packed, new TextEncoder().encode('more of this text')))).rejects.toThrow(
      'or the end of the file, found "more',
    )
  })
})

/** Packs anything at all, not as small as it could be. */
const encoders: readonly (readonly [Compression, (bytes: Uint8Array) => Uint8Array])[] = [
  ['bzip2', (bytes) => writeBzip2(bytes)],
  ['xz', (bytes) => writeXz(bytes)],
  ['lzop', (bytes) => writeLzop(bytes)],
  ['lzop', (bytes) => writeLzop(bytes, { flags: 0x1303, extra: Uint8Array.of(1, 2), pack: shorter })],
]

function shorter(block: Uint8Array): Uint8Array {
  const packed = lzo1x(block)
  return packed.length < block.length ? packed : block
}

it.each(encoders)('whatever is packed with %s comes out as it was', async (_, pack) => {
  const run = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 5 }), fc.nat(300))
  await fc.assert(
    fc.asyncProperty(fc.array(run, { maxLength: 12 }), async (runs) => {
      const bytes = Uint8Array.from(runs.flatMap(([piece, times]) => Array.from({ length: times }, () => [...piece]).flat()))
      expect(Buffer.compare(await unpacked(pack(bytes)), bytes)).toBe(0)
    }),
    { numRuns: 40 },
  )
})

it.each(encoders)('%s is refused or decoded, whatever bytes of it are changed', async (_, pack) => {
  const whole = pack(sample(700))
  const changes = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(changes, async (list) => {
      const changed = whole.slice()
      for (const [at, value] of list) if (at > 12) changed[at] = value
      const result = await unpacked(changed).catch((error: unknown) => error)
      if (!(result instanceof FormatError)) expect(Buffer.compare(result as Buffer, sample(700))).toBe(0)
    }),
    { numRuns: 150 },
  )
})

it('a file of blocks of 128 KiB that do not know each other, as pgzip and pigz write them, is one member', async () => {
  const blocks = packedFixture('large-pigz-blocks.gz')
  expect(Buffer.compare(await unpacked(blocks), await unpacked(new Uint8Array(gzipSync(sample(300_000)))))).toBe(0)
})

it.each(['large-9.bz2', 'large-0.xz', 'large-9.lzo'])(
  '%s costs its window and not more, however often it is there',
  async (file) => {
    const part = packedFixture(file)
    const { bytes, held } = await decoded(decoder(joinedBytes(...Array.from({ length: 12 }, () => part))))
    expect([bytes.length, held < 6 * MEBIBYTE]).toEqual([12 * 300_000, true])
  },
)
