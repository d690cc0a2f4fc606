import { describe, expect, it } from 'vitest'
import { bytesSource, FormatError } from '../index.ts'
import { decoded } from '../testing/decoded.ts'
import { joinedBytes } from '../testing/packed-files.ts'
import { packedFixture, sample } from '../testing/packed-fixtures.ts'
import { writeXz, type XzParts } from '../testing/packed-writers.ts'
import { crc32 } from './crc32.ts'
import { XzDecoder } from './xz-decoder.ts'

const unpacked = async (bytes: Uint8Array) => (await decoded(new XzDecoder(bytesSource(bytes), 0))).bytes
const five = Uint8Array.of(1, 2, 3, 4, 5)
const written = (parts: XzParts = {}) => writeXz(five, parts)
const chunks = (...bytes: readonly number[]) => written({ chunks: Uint8Array.of(...bytes), check: 'none' })
const tiny = packedFixture('tiny-crc32.xz')

describe('an xz decoder', () => {
  it('takes a header with sizes and one without', async () => {
    expect([...(await unpacked(written()))]).toEqual([...five])
    expect([...(await unpacked(written({ sizes: [9, 5] })))]).toEqual([...five])
  })

  it('takes chunks as they are, of 64 KiB each, and one after another dictionary', async () => {
    const bytes = sample(150_000)
    expect(Buffer.compare(await unpacked(writeXz(bytes)), bytes)).toBe(0)
    const twice = Uint8Array.of(1, 0, 1, 1, 2, 1, 0, 2, 3, 4, 5, 0)
    expect([...(await unpacked(written({ chunks: twice })))]).toEqual([...five])
  })

  it('keeps with a mark what may be repeated, and nothing between blocks', async () => {
    const decoder = new XzDecoder(bytesSource(joinedBytes(packedFixture('large-3.xz'), tiny)), 0)
    await decoder.more()
    expect([decoder.isBetweenParts, decoder.mark().kept]).toEqual([true, 32 << 10])
  })
})

describe('an xz file', () => {
  it.each([
    ['is packed for programs', written({ filters: [[0x0a], [0x21, 0x14]] }), 'LZMA2 alone, found the filter ARM64'],
    [
      'is packed by difference',
      written({
        filters: [
          [0x03, 0],
          [0x21, 0x14],
        ],
      }),
      'found the filter delta',
    ],
    ['is packed by what is not known', written({ filters: [[0x4f, 0]] }), 'found the filter 0x4f'],
    [
      'has two filters',
      written({
        filters: [
          [0x21, 0x14],
          [0x21, 0x14],
        ],
      }),
      'found LZMA2 among 2 filters',
    ],
    ['has a dictionary of 1 GiB', written({ filters: [[0x21, 36]] }), 'a dictionary of at most 128 MiB, found 1024 MiB'],
    ['has a dictionary of 4 GiB', written({ filters: [[0x21, 40]] }), 'at most 128 MiB, found 4096 MiB'],
    ['has a dictionary of no size', written({ filters: [[0x21, 41]] }), 'the dictionary size of LZMA2, found 0x29'],
    ['has a block of other packed bytes', written({ sizes: [8, 5] }), '8 packed bytes, as the xz block at 0xc says, found 9'],
    ['has a block of other bytes', written({ sizes: [9, 6] }), '6 bytes, as the xz block at 0xc says, found 5'],
    ['has an index of no block', written({ records: [] }), 'the index of an xz stream of 1 blocks, found one of 0'],
    ['has an index of other sizes', written({ records: [[25, 6]] }), 'the sizes of its blocks, found other sizes'],
    ['begins with what may be repeated', chunks(2, 0, 0, 1, 0), 'a chunk before its dictionary'],
    ['has a chunk of no kind', chunks(3, 0), 'a chunk of a kind that there is not'],
    [
      'has a packed chunk without properties',
      chunks(1, 0, 0, 1, 0x80, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0),
      'a chunk before its properties',
    ],
    ['has properties that are none', chunks(0xe0, 0, 0, 0, 4, 225, 0, 0, 0, 0, 0, 0), 'properties that there are not'],
    ['has more literal bits than LZMA2', chunks(0xe0, 0, 0, 0, 4, 13, 0, 0, 0, 0, 0, 0), 'properties that there are not'],
    ['has a chunk that does not begin', chunks(0xe0, 0, 0, 0, 4, 93, 1, 0, 0, 0, 0, 0), 'a chunk that does not begin'],
    ['has a chunk that ends later', chunks(0xe0, 0, 0, 0, 6, 93, 0, 0, 0, 0, 0, 0, 0, 0), 'does not end where it should'],
    ['repeats what was never there', chunks(0xe0, 0, 0xff, 0, 4, 93, 0, 0xff, 0xff, 0xff, 0xfe, 0), 'what was never there'],
    ['has a check that is not known', withFlags(2), 'CRC32, CRC64, SHA-256 or no check, found check 2'],
    ['has zeros between streams that are not four', joinedBytes(tiny, new Uint8Array(3), tiny), 'four at a time, found 3'],
    ['ends in its header', tiny.subarray(0, 9), '0x9: expected an xz stream, found the end of the file'],
    ['ends in a block', tiny.subarray(0, 100), 'data compressed with xz, found the end of the file'],
    ['ends in its footer', tiny.subarray(0, -3), 'the footer of an xz stream, found the end of the file'],
    ['has another checksum', flippedCheck(), /the checksum of what the xz block at 0xc holds, 0?x?[0-9a-f]+, found .*damaged$/],
  ])('is refused with the byte when it %s', async (_, bytes, message) => {
    await expect(unpacked(bytes)).rejects.toThrow(FormatError)
    await expect(unpacked(bytes)).rejects.toThrow(message)
  })
})

/** A stream whose header has another check, with the right checksum of that. */
function withFlags(check: number): Uint8Array {
  const file = written({ check: 'none' }).with(7, check)
  new DataView(file.buffer).setUint32(8, crc32(file.subarray(6, 8)), true)
  return file
}

/** Its check stands before the index and the footer, of 12 bytes each. */
function flippedCheck(): Uint8Array {
  const at = tiny.length - 12 - 12 - 1
  return tiny.with(at, tiny[at]! ^ 1)
}
