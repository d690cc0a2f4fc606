import { constants, crc32 as crcOfZlib, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesSource, FormatError } from '../index.ts'
import { decoded } from '../testing/decoded.ts'
import { fixtureBytes } from '../testing/fixtures.ts'
import { joinedBytes } from '../testing/packed-files.ts'
import { crc32 } from './crc32.ts'
import { GzipDecoder } from './gzip-decoder.ts'

const plain = fixtureBytes('numa.mig')
const packed = new Uint8Array(gzipSync(plain))
const MEBIBYTE = 2 ** 20
const HEADER = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]

const unpacked = async (bytes: Uint8Array, base = 0) => (await decoded(new GzipDecoder(bytesSource(bytes), base))).bytes
const flipped = (at: number, bit: number) => packed.with(at, packed[at]! ^ (1 << bit))
const member = (...bytes: readonly number[]) => Uint8Array.of(...HEADER, ...bytes)

describe('a gzip decoder', () => {
  it('makes what was packed, at every level and with every strategy', async () => {
    const { Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED, Z_DEFAULT_STRATEGY } = constants
    for (const level of [0, 1, 6, 9]) {
      for (const strategy of [Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED]) {
        expect(Buffer.compare(await unpacked(new Uint8Array(gzipSync(plain, { level, strategy }))), plain)).toBe(0)
      }
    }
  })

  it('makes what was packed, whatever it was', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), fc.nat(9), fc.nat(4), async (bytes, level, strategy) => {
        expect(Buffer.compare(await unpacked(new Uint8Array(gzipSync(bytes, { level, strategy }))), bytes)).toBe(0)
      }),
    )
  })

  it('goes from member to member, and past the zeros that a tape ends with', async () => {
    const file = joinedBytes(packed, new Uint8Array(gzipSync(new Uint8Array(0))), packed, new Uint8Array(1000))
    expect(Buffer.compare(await unpacked(file), joinedBytes(plain, plain))).toBe(0)
  })

  it('passes what a header may have', async () => {
    const body = packed.subarray(HEADER.length)
    const header = Uint8Array.of(0x1f, 0x8b, 8, 0x1e, 0, 0, 0, 0, 0, 3, 2, 0, 9, 9, 0x61, 0, 0x62, 0x63, 0, 0xaa, 0xbb)
    expect(Buffer.compare(await unpacked(joinedBytes(header, body)), plain)).toBe(0)
  })

  it('goes on from any mark, to the same end', async () => {
    const zeros = new Uint8Array(3 * MEBIBYTE)
    const file = joinedBytes(packed, new Uint8Array(gzipSync(zeros)), new Uint8Array(gzipSync(plain, { level: 0 })))
    const whole = joinedBytes(plain, zeros, plain)
    const decoder = new GzipDecoder(bytesSource(file), 0)
    const marks = [decoder.mark()]
    while ((await decoder.more()) > 0) marks.push(decoder.mark())
    expect(marks.length).toBeGreaterThan(5)
    for (const mark of marks) {
      const { bytes } = await decoded(mark.resume())
      expect(Buffer.compare(bytes, whole.subarray(mark.offset))).toBe(0)
      expect(mark.kept).toBeLessThan(40_000)
    }
  })

  it('keeps little, however much comes out', async () => {
    const file = new Uint8Array(gzipSync(new Uint8Array(64 * MEBIBYTE)))
    const { bytes, held } = await decoded(new GzipDecoder(bytesSource(file), 0))
    expect([bytes.length, held < 4 * MEBIBYTE]).toEqual([64 * MEBIBYTE, true])
  })
})

describe('a gzip file', () => {
  it.each([
    ['ends in a header', packed.subarray(0, 5), '0x5: expected the header of a gzip member, found the end of the file'],
    ['ends in the name of a file', Uint8Array.of(0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3, 0x61), 'the header of a gzip member'],
    ['ends in a block', packed.subarray(0, packed.length >> 1), 'compressed with gzip, found the end of the file'],
    ['ends in a stored block', member(1, 5, 0, 0xfa, 0xff, 1, 2), 'compressed with gzip, found the end of the file'],
    ['ends in its checksum', packed.subarray(0, -3), 'the checksum of a gzip member, found the end of the file'],
    ['has text behind it', joinedBytes(packed, new TextEncoder().encode('more')), 'or the end of the file, found 0x6f6d'],
    [
      'has another checksum',
      flipped(packed.length - 8, 0),
      /expected the checksum of what the gzip member at 0x0 holds, .*damaged$/,
    ],
    ['has another length', flipped(packed.length - 4, 0), /expected the length of what the gzip member at 0x0 holds, .*damaged$/],
    ['is packed in another way', Uint8Array.of(0x1f, 0x8b, 7, 0, 0, 0, 0, 0, 0, 3), 'found method 7'],
    ['has flags of a version to come', Uint8Array.of(0x1f, 0x8b, 8, 0x20, 0, 0, 0, 0, 0, 3), 'flags 0x20'],
    ['has a block of no type', member(7), 'a block of a type that there is not'],
    ['has a stored block of two lengths', member(1, 5, 0, 0, 0), 'a stored block of two lengths'],
    ['repeats what was never there', member(0x03, 0x02, 0x00, 0, 0, 0, 0, 0, 0), 'a match of what was never there'],
  ])('is refused with the byte when it %s', async (_, bytes, message) => {
    await expect(unpacked(bytes)).rejects.toThrow(FormatError)
    await expect(unpacked(bytes)).rejects.toThrow(message)
  })

  it('is refused with the byte of the file that it lies in', async () => {
    await expect(unpacked(packed.subarray(0, 5), 0x1000)).rejects.toThrow('at byte 0x1005')
  })

  it('never comes out different for a flipped bit', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(packed.length - 1), fc.nat(7), async (at, bit) => {
        const bytes = await unpacked(flipped(at, bit)).catch((error: unknown) => error)
        // Time, system and unused bits of the header mean nothing.
        if (bytes instanceof Buffer) expect(Buffer.compare(bytes, plain)).toBe(0)
        else expect(bytes).toBeInstanceOf(FormatError)
      }),
      { numRuns: 60 },
    )
  })

  it('is refused, whatever its blocks hold', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (noise) => {
        expect(await unpacked(joinedBytes(member(), noise)).catch((error: unknown) => error)).toBeInstanceOf(FormatError)
      }),
      { numRuns: 1000 },
    )
  })
})

it('CRC-32 is that of zlib, however the bytes come in pieces', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, cut) => {
      expect(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut)))).toBe(crcOfZlib(bytes))
    }),
  )
})
