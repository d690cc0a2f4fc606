import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { decompress } from 'fzstd'
import { describe, expect, it } from 'vitest'
import { bytesSource, openSavedMachine } from './index.ts'
import { fixtureBytes, fixtureFile } from './testing/fixtures.ts'
import { unzstd } from './unzstd.ts'
import { xxh64Low } from './xxh64.ts'
import { zstdFrames } from './zstd-frames.ts'

const packed = new Uint8Array(readFileSync(fixtureFile('numa.mig.zst')))
const plain = fixtureBytes('numa.mig')
const checksum = packed.length - 4

const joined = (...parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts))
const skippable = (contents: Uint8Array) => {
  const header = new DataView(new ArrayBuffer(8))
  header.setUint32(0, 0x184d2a53, true)
  header.setUint32(4, contents.length, true)
  return joined(new Uint8Array(header.buffer), contents)
}
const flipped = (at: number, bit = 0) => packed.with(at, packed[at]! ^ (1 << bit))
const unpacked = (bytes: Uint8Array, offset = 0) => unzstd(decompress, bytes, offset)

describe('the frames of a zstd file', () => {
  it('are one for what zstd wrote, with the checksum of its contents', () => {
    expect(zstdFrames(packed)).toEqual([{ start: 0, end: packed.length, checksum: xxh64Low(plain) }])
  })

  it('follow one another, and skippable ones hold nothing', async () => {
    const file = joined(skippable(Uint8Array.of(1, 2, 3)), packed, skippable(new Uint8Array()), packed)
    expect(zstdFrames(file).map(({ start, end }) => end - start)).toEqual([packed.length, packed.length])
    expect(Buffer.compare(await unpacked(file), joined(plain, plain))).toBe(0)
  })

  it.each([
    ['in its magic', 2, '0x0: expected a zstd frame, found the end of the file'],
    ['in its header', 5, '0x5: expected the header of a zstd frame'],
    ['in a block', 40, 'the contents of a zstd block, found the end of the file'],
    ['in its checksum', packed.length - 1, 'the checksum of a zstd frame, found the end of the file'],
  ])('must be whole: one that ends %s is refused', (_, length, message) => {
    expect(() => zstdFrames(packed.subarray(0, length))).toThrow(message)
  })

  it('are all that the file has: what follows is named by its place', () => {
    const place = 16 + packed.length
    expect(() => zstdFrames(joined(packed, new TextEncoder().encode('more')), 16)).toThrow(
      `at byte 0x${place.toString(16)}: expected a zstd frame, or the end of the file, found 0x65726f6d`,
    )
  })

  it('may have any header: each width of the content size, with and without a window and a dictionary', () => {
    const block = Uint8Array.of(0b1_01_1, 0, 0, 0xaa).with(0, (1 << 3) | (1 << 1) | 1)
    for (const [descriptor, fields] of [
      [0x00, 1],
      [0x20, 1],
      [0x40, 3],
      [0x60, 2],
      [0x80, 5],
      [0xc0, 9],
      [0xe0, 8],
      [0x01, 2],
      [0x02, 3],
      [0x03, 5],
    ] as const) {
      const frame = joined(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, descriptor), new Uint8Array(fields), block)
      expect(zstdFrames(frame)).toEqual([{ start: 0, end: frame.length, checksum: undefined }])
    }
  })
})

describe('what is inside zstd', () => {
  it('is held against its checksum, whatever the decoder overlooks', async () => {
    await expect(unpacked(flipped(checksum, 3), 0x10)).rejects.toThrow(
      /^at byte 0x[0-9a-f]+: expected the checksum of what the zstd frame at 0x10 holds, 0x[0-9a-f]{8}, found 0x[0-9a-f]{8}: the file is damaged$/,
    )
    const forgetful = () => plain.with(1000, plain[1000]! ^ 1)
    await expect(unzstd(forgetful, packed, 0)).rejects.toThrow('the file is damaged')
  })

  it('never comes out different for a flipped bit of the frame', async () => {
    const [frame] = zstdFrames(packed)
    await fc.assert(
      fc.asyncProperty(fc.nat(frame!.end - 1), fc.nat(7), async (at, bit) => {
        const opened = await openSavedMachine(bytesSource(flipped(at, bit)), { codecs: { zstd: decompress } }).then(
          () => 'opened',
          (error: unknown) => (error as Error).name,
        )
        // The window size may be larger than it need be, and unused and dictionary bits may be ignored: the contents are the same then.
        if (opened === 'opened') expect(Buffer.compare(await unpacked(flipped(at, bit)), plain)).toBe(0)
        else expect(opened).toBe('FormatError')
      }),
      { numRuns: 20 },
    )
  })

  it('comes out as it is when its writer kept no checksum', async () => {
    const bare = packed.subarray(0, checksum).with(4, packed[4]! & ~4)
    expect(Buffer.compare(await unpacked(bare), plain)).toBe(0)
  })
})

describe('XXH64', () => {
  /** What `zstd` writes behind each: bytes of 31 n + 7, through every way that the last bytes are taken in. */
  it.each([
    [0, 0x51d8e999],
    [4, 0xe3ff8f04],
    [7, 0x6c6f9a8e],
    [8, 0x269683e0],
    [13, 0xc19c4abb],
    [31, 0xa39ad4a1],
    [32, 0x671cc43d],
    [33, 0xed857664],
    [64, 0x5729d17e],
    [100, 0x3e70c151],
    [1000, 0x28043d35],
  ])('of %i bytes ends in what zstd keeps of them', (length, digest) => {
    const bytes = Uint8Array.from({ length }, (_, index) => index * 31 + 7)
    expect(xxh64Low(bytes)).toBe(digest)
  })

  it('is the same for zeros, which have a way of their own', () => {
    expect(xxh64Low(new Uint8Array(4096))).toBe(0x32d8bbdb)
  })
})
