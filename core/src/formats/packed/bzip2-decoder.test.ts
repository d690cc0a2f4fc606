import { describe, expect, it } from 'vitest'
import { bytesSource, FormatError } from '../index.ts'
import { type Bzip2Parts, writeBzip2 } from '../testing/bzip2-writer.ts'
import { decoded } from '../testing/decoded.ts'
import { joinedBytes } from '../testing/packed-files.ts'
import { packedFixture } from '../testing/packed-fixtures.ts'
import { Bzip2Decoder } from './bzip2-decoder.ts'

const MEBIBYTE = 2 ** 20
const unpacked = async (bytes: Uint8Array) => (await decoded(new Bzip2Decoder(bytesSource(bytes), 0))).bytes
const text = new TextEncoder().encode('as it was, as it is')
const written = (parts: Bzip2Parts) => writeBzip2(text, parts)
const tiny = packedFixture('tiny-1.bz2')

describe('a bzip2 decoder', () => {
  it('goes on inside a block that holds more than is made at once', async () => {
    // Runs are told by five bytes: 46 MB are less than a block of the largest.
    const zeros = new Uint8Array(6 * MEBIBYTE)
    const packed = joinedBytes(writeBzip2(zeros, { level: 9 }), tiny)
    const decoder = new Bzip2Decoder(bytesSource(packed), 0)
    const marks = [decoder.mark()]
    const parts = [decoder.isBetweenParts]
    while ((await decoder.more()) > 0) {
      marks.push(decoder.mark())
      parts.push(decoder.isBetweenParts)
    }
    expect(parts).toContain(false)
    const whole = await unpacked(packed)
    expect(Buffer.compare(whole.subarray(0, zeros.length), zeros)).toBe(0)
    for (const mark of marks) {
      expect(mark.kept).toBeLessThan(1000)
      expect(Buffer.compare((await decoded(mark.resume())).bytes, whole.subarray(mark.offset))).toBe(0)
    }
  })

  it('takes a stream without blocks', async () => {
    expect(Buffer.compare(await unpacked(joinedBytes(writeBzip2(new Uint8Array(0)), written({}))), text)).toBe(0)
  })
})

describe('a bzip2 file', () => {
  it.each([
    ['has a block that is randomised', written({ isRandomised: true }), 'found a randomised block'],
    ['has a block that begins behind its end', written({ origin: 19 }), 'found a block that begins behind its end'],
    [
      'begins elsewhere in its block',
      written({ origin: 3 }),
      'at byte 0xa: expected the checksum of what the bzip2 block at 0x4',
    ],
    ['has another level than 1 to 9', written({}).with(3, 0x30), '0x0: expected a bzip2 stream, found "BZh0"'],
    ['has a block that is none', written({}).with(4, 0x30), '0x4: expected data compressed with bzip2, found neither a block'],
    ['ends in a block', tiny.subarray(0, 100), 'data compressed with bzip2, found the end of the file'],
    ['has another checksum', tiny.with(11, tiny[11]! ^ 1), /^at byte 0xa: .*bzip2 block at 0x4 holds, .*: the file is damaged$/],
    ['has another checksum of all', tiny.with(-2, tiny.at(-2)! ^ 4), /the bzip2 stream at 0x0 holds, .*: the file is damaged$/],
    ['has a block longer than its level says', longer(), 'a block longer than the stream says'],
  ])('is refused with the byte when it %s', async (_, bytes, message) => {
    await expect(unpacked(bytes)).rejects.toThrow(FormatError)
    await expect(unpacked(bytes)).rejects.toThrow(message)
  })
})

/** A block of 100,000 bytes and more in a stream of such that hold fewer. */
function longer(): Uint8Array {
  const bytes = Uint8Array.from({ length: 120_000 }, (_, i) => Math.imul(i, 2654435761) >>> 24)
  return writeBzip2(bytes, { level: 2 }).with(3, 0x31)
}
