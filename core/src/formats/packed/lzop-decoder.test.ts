import { describe, expect, it } from 'vitest'
import { bytesSource, FormatError } from '../index.ts'
import { decoded } from '../testing/decoded.ts'
import { joinedBytes } from '../testing/packed-files.ts'
import { packedFixture, sample } from '../testing/packed-fixtures.ts'
import { type LzopParts, writeLzop } from '../testing/packed-writers.ts'
import { LzopDecoder } from './lzop-decoder.ts'

const unpacked = async (bytes: Uint8Array) => (await decoded(new LzopDecoder(bytesSource(bytes), 0))).bytes
const five = Uint8Array.of(1, 2, 3, 4, 5)
const written = (parts: LzopParts = {}) => writeLzop(five, parts)
const tiny = packedFixture('tiny-both.lzo')
/** Of what `written` makes: its header, with the name of two bytes, and its checksum. */
const HEADER = 9 + 25 + 2 + 4

describe('an lzop decoder', () => {
  it('takes headers with every checksum and with more than there need be', async () => {
    for (const flags of [0, 1, 2, 0x100, 0x303, 0x1001, 0x0300_000d]) {
      for (const extra of [undefined, five]) {
        const file = extra === undefined ? written({ flags }) : written({ flags, extra })
        expect([...(await unpacked(file))], `flags ${flags}`).toEqual([...five])
      }
    }
  })

  it('makes a block larger than what is made at once, and those around it', async () => {
    const large = sample(3 << 20)
    const block = (bytes: Uint8Array) => joinedBytes(big(bytes.length), big(bytes.length), bytes)
    const start = written({ flags: 0 }).subarray(0, HEADER)
    const file = joinedBytes(start, block(five), block(large), block(five), block(large), big(0))
    expect(Buffer.compare(await unpacked(file), joinedBytes(five, large, five, large))).toBe(0)
  })
})

const big = (word: number) => Uint8Array.of(word >>> 24, word >>> 16, word >>> 8, word)
const cut = (behind: Uint8Array) => joinedBytes(written({ flags: 0 }).subarray(0, HEADER), behind)

describe('an lzop file', () => {
  it.each([
    [
      'has the header of an early version',
      written({ version: 0x0930 }),
      '0x9: expected the header of an lzop file of version 0x940',
    ],
    ['is packed in another way', written({ method: 128 }), 'packed with LZO1X, found method 128'],
    ['has several parts', written({ flags: 0x401 }), 'in one part and without a filter, found flags 0x401'],
    ['has a filter', written({ flags: 0x801 }), 'in one part and without a filter'],
    ['has flags of a version to come', written({ flags: 0x4001 }), 'found flags 0x4001'],
    [
      'has another checksum of its header',
      written().with(20, 7),
      /^at byte 0x24: expected the checksum of the header of .*damaged$/,
    ],
    ['has a block of more than 64 MiB', cut(big((64 << 20) + 1)), 'the end of the file'],
    ['has a block of more than 64 MiB, packed', cut(joinedBytes(big((64 << 20) + 1), big(9))), 'at most 64 MiB'],
    ['has a block that packing made larger', cut(joinedBytes(big(5), big(6))), 'and not more packed, found 5 bytes, packed 6'],
    ['has a block packed to nothing', cut(joinedBytes(big(5), big(0))), 'found 5 bytes, packed 0'],
    ['has a block that does not decode', cut(joinedBytes(big(5), big(2), five)), '0x30: expected a block compressed with lzop'],
    [
      'has another checksum',
      written().with(-5, 9),
      /the checksum of what the lzop block at 0x28 holds, .*: the file is damaged$/,
    ],
    [
      'has another packed checksum',
      tiny.with(54, 9),
      /^at byte 0x32: expected the checksum of how the lzop block .* is packed, .*$/,
    ],
    ['ends in its header', tiny.subarray(0, 20), 'the header of an lzop file, found the end of the file'],
    ['ends in a block', tiny.subarray(0, 90), 'a block of an lzop file, found the end of the file'],
  ])('is refused with the byte when it %s', async (_, bytes, message) => {
    await expect(unpacked(bytes)).rejects.toThrow(FormatError)
    await expect(unpacked(bytes)).rejects.toThrow(message)
  })
})
