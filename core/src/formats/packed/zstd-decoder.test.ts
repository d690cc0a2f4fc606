import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesSource, FormatError } from '../index.ts'
import { decoded } from '../testing/decoded.ts'
import { fixtureBytes, fixtureFile } from '../testing/fixtures.ts'
import { joinedBytes, skippableFrame, zstdBlock, zstdBomb, zstdFrame } from '../testing/packed-files.ts'
import { Xxh64 } from './xxh64.ts'
import { ZstdDecoder } from './zstd-decoder.ts'

const packed = new Uint8Array(readFileSync(fixtureFile('numa.mig.zst')))
const plain = fixtureBytes('numa.mig')
const MEBIBYTE = 2 ** 20

const unpacked = async (bytes: Uint8Array, base = 0) => (await decoded(new ZstdDecoder(bytesSource(bytes), base))).bytes
const flipped = (at: number, bit: number) => packed.with(at, packed[at]! ^ (1 << bit))
const raw = (bytes: Uint8Array, last = true) => zstdBlock('raw', bytes.length, bytes, last)
const five = Uint8Array.of(1, 2, 3, 4, 5)
/** One literal and a match of three bytes, each code of one symbol: `bits` are those of the distance, and the end. */
const sequence = (offsetCode: number, bits: number) =>
  zstdBlock('compressed', 8, Uint8Array.of(1 << 3, 0x61, 1, 0x54, 1, offsetCode, 0, bits), true)

function digest(bytes: Uint8Array): number {
  const hash = new Xxh64()
  hash.add(bytes)
  return hash.low()
}

describe('a zstd decoder', () => {
  it.each(['numa.mig', 'scattered-clean.mig', 'tcg.trace.log', 'bridge-s2.mig', 'smmu-s3.mig'])(
    'makes of %s what another decoder makes of it',
    async (name) => {
      expect(Buffer.compare(await unpacked(new Uint8Array(readFileSync(fixtureFile(`${name}.zst`)))), fixtureBytes(name))).toBe(0)
    },
  )

  it('goes from frame to frame, and past those that hold nothing', async () => {
    const file = joinedBytes(skippableFrame(five), packed, skippableFrame(new Uint8Array(0)), packed, skippableFrame(five))
    expect(Buffer.compare(await unpacked(file), joinedBytes(plain, plain))).toBe(0)
  })

  it('goes on from any mark, to the same end', async () => {
    const file = joinedBytes(packed, zstdBomb(2.5 * MEBIBYTE), packed)
    const whole = joinedBytes(plain, new Uint8Array(2.5 * MEBIBYTE), plain)
    const decoder = new ZstdDecoder(bytesSource(file), 0)
    const marks = [decoder.mark()]
    while ((await decoder.more()) > 0) marks.push(decoder.mark())
    expect(marks.length).toBeGreaterThan(5)
    expect(marks.map(({ kept }) => kept > 100_000).filter((keeps) => !keeps).length).toBe(4)
    for (const mark of marks) {
      const { bytes } = await decoded(mark.resume())
      expect(Buffer.compare(bytes, whole.subarray(mark.offset))).toBe(0)
    }
  })

  it('takes every header: content size, window and dictionary 0 in all their widths', async () => {
    for (const [descriptor, fields] of [
      [0x00, [0]],
      [0x20, [5]],
      [0x40, [0, 0, 0]],
      [0x60, [0, 0]],
      [0x80, [0, 5, 0, 0, 0]],
      [0xc0, [0, 5, 0, 0, 0, 0, 0, 0, 0]],
      [0xe0, [5, 0, 0, 0, 0, 0, 0, 0]],
      [0x01, [0, 0]],
      [0x02, [0, 0, 0]],
      [0x03, [0, 0, 0, 0, 0]],
    ] as const) {
      const size = descriptor === 0x40 || descriptor === 0x60 ? 256 : 5
      const contents = new Uint8Array(size).fill(7)
      expect([...(await unpacked(zstdFrame({ descriptor, fields, blocks: [raw(contents)] })))]).toEqual([...contents])
    }
  })

  it('repeats what it made, those bytes included that it is just making', async () => {
    expect((await unpacked(zstdFrame({ blocks: [sequence(2, 0x04)] }))).toString()).toBe('aaaa')
  })

  it('keeps the window and not more, however much comes out', async () => {
    const { bytes, held } = await decoded(new ZstdDecoder(bytesSource(zstdBomb(64 * MEBIBYTE)), 0))
    expect(bytes.length).toBe(64 * MEBIBYTE)
    expect(held).toBeLessThanOrEqual(18 * MEBIBYTE)
  })

  it('takes memory as contents come, not as the header announces them', async () => {
    const file = zstdFrame({ fields: [17 << 3], blocks: [raw(five)] })
    expect((await decoded(new ZstdDecoder(bytesSource(file), 0))).held).toBeLessThan(2 * MEBIBYTE)
  })
})

describe('a zstd file', () => {
  it.each([
    ['ends in a magic', packed.subarray(0, 2), '0x2: expected a zstd frame, found the end of the file'],
    ['ends in a header', packed.subarray(0, 5), '0x5: expected the header of a zstd frame'],
    ['ends in a block', packed.subarray(0, 40), '0x28: expected the contents of a zstd block, found the end of the file'],
    ['ends in a checksum', packed.subarray(0, -1), 'the checksum of a zstd frame, found the end of the file'],
    ['ends in a skippable frame', skippableFrame(five).subarray(0, 10), 'a skippable zstd frame, found the end of the file'],
    [
      'has text behind it',
      joinedBytes(packed, new TextEncoder().encode('more')),
      'a zstd frame, or the end of the file, found 0x65726f6d',
    ],
    [
      'has another checksum',
      zstdFrame({ descriptor: 4, blocks: [raw(five)], checksum: digest(five) ^ 1 }),
      /^at byte 0xe: expected the checksum of what the zstd frame at 0x0 holds, 0x[0-9a-f]{8}, found 0x[0-9a-f]{8}: the file is damaged$/,
    ],
    [
      'holds less than its header says',
      zstdFrame({ descriptor: 0x20, fields: [6], blocks: [raw(five)] }),
      'a zstd frame of 6 bytes',
    ],
    [
      'holds more than its header says',
      zstdFrame({ descriptor: 0x20, fields: [4], blocks: [raw(five)] }),
      'a zstd frame of 4 bytes',
    ],
    [
      'needs a dictionary',
      zstdFrame({ descriptor: 1, fields: [0, 9], blocks: [raw(five)] }),
      'a zstd frame that needs no dictionary',
    ],
    ['has a window of 256 MiB', zstdFrame({ fields: [18 << 3], blocks: [raw(five)] }), 'at most 128 MiB, found 256 MiB'],
    ['is of a version to come', zstdFrame({ descriptor: 8, blocks: [raw(five)] }), 'the header of a zstd frame of this version'],
    ['has a block of no type', zstdFrame({ blocks: [zstdBlock('reserved', 0, five)] }), 'one of the reserved type'],
    ['has a block of 1 MiB', zstdFrame({ blocks: [zstdBlock('rle', MEBIBYTE, five)] }), 'at most 128 KiB'],
    ['repeats what was never there', zstdFrame({ blocks: [sequence(4, 0x10)] }), 'a sequence that repeats what was never there'],
  ])('is refused with the byte when it %s', async (_, bytes, message) => {
    await expect(unpacked(bytes)).rejects.toThrow(FormatError)
    await expect(unpacked(bytes)).rejects.toThrow(message)
  })

  it('is refused with the byte of the file that it lies in', async () => {
    await expect(unpacked(packed.subarray(0, 5), 0x1000)).rejects.toThrow('at byte 0x1005')
    await expect(unpacked(flipped(packed.length - 4, 3), 0x10)).rejects.toThrow('what the zstd frame at 0x10 holds')
  })

  it('never comes out different for a flipped bit', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(packed.length - 1), fc.nat(7), async (at, bit) => {
        const bytes = await unpacked(flipped(at, bit)).catch((error: unknown) => error)
        // The window may be larger than it need be, and a bit that means nothing may be set: the contents are the same then.
        if (bytes instanceof Buffer) expect(Buffer.compare(bytes, plain)).toBe(0)
        else expect(bytes).toBeInstanceOf(FormatError)
      }),
      { numRuns: 60 },
    )
  })

  it('is refused or decoded, whatever its blocks hold', async () => {
    const blocks = fc.array(
      fc.tuple(fc.constantFrom('raw', 'rle', 'compressed'), fc.uint8Array({ minLength: 1, maxLength: 300 })),
    )
    await fc.assert(
      fc.asyncProperty(blocks, async (parts) => {
        const file = zstdFrame({ blocks: parts.map(([type, bytes]) => zstdBlock(type as 'raw', bytes.length, bytes)) })
        expect(await unpacked(file).catch((error: unknown) => error)).toBeInstanceOf(FormatError)
      }),
      { numRuns: 500 },
    )
  })

  it('comes out as it is when its writer kept no checksum', async () => {
    const bare = packed.subarray(0, -4).with(4, packed[4]! & ~4)
    expect(Buffer.compare(await unpacked(bare), plain)).toBe(0)
  })
})
