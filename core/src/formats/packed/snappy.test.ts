import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contentsOf, mixture, type Piece } from '../testing/repetitions.ts'
import { snappy, snappyBlock } from '../testing/snappy-writer.ts'
import { Damaged } from './decoder.ts'
import { unsnappy } from './snappy.ts'

/** Made by libsnappy 1.1.9 of mixture 437: literals with and without a length of their own, repetitions of both kinds that it writes. */
const BY_SNAPPY =
  '8C5kp3z6QbTbmg6/HvpB7xW0Mtkt1Elzm963Zi4FDP4PAP4PAP4PAP4PAP4PAP4PAP4PAP4PAP4PAP4PAP4PAP4PAP4PAP4PAP4PAP4PAP4PAP4PAP4PAP4PAP4PAP4PAP4PAP4PAP4PAP4PAP4PAP4PADYPAOEbINRJyUnJ2S0utP4hB/4hB/4hB/4hB/4hB/4hB/4hB/4hB/4hB/4hB5ohBwib3rf+xQn+xQn+xQn+xQn+xQn+xQn+xQn+xQn+xQn+xQn+xQn+xQn+xQn+xQn+xQn+xQn+xQn+xQn+xQn+xQnKxQnwQElzm7dm2S3U2dkt1GbZEP4Gc0caZtkQL+fzhEzvtfqj+yfUktnVuk5Qzwe39yxWkNBVSvKRVjst1NlCWKaZLdTZ8j4P/n4A/n4A/n4A/n4A/n4A/n4A/n4A/n4A/n4A/n4A/n4A/n4A/n4A/n4A/n4A/n4A/n4A/n4A/n4A/n4A/n4A/n4A/n4A/n4A/n4A/n4A/n4A/n4A/n4A/n4A/n4Aan4A'

const numbered = (count: number) => ({ literals: Uint8Array.from({ length: count }, (_, i) => i * 7) })

describe('a block of snappy', () => {
  it('comes out as it was before snappy compressed it', () => {
    const contents = mixture(437, 6000)
    expect(Buffer.compare(unsnappy(new Uint8Array(Buffer.from(BY_SNAPPY, 'base64')), 6000), contents)).toBe(0)
  })

  it('holds whatever was put into it, of any length', () => {
    const run = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 5 }), fc.nat(200))
    fc.assert(
      fc.property(fc.array(run, { maxLength: 30 }), (runs) => {
        const bytes = Uint8Array.from(runs.flatMap(([piece, times]) => Array.from({ length: times }, () => [...piece]).flat()))
        expect(Buffer.compare(unsnappy(snappy(bytes), bytes.length), bytes)).toBe(0)
      }),
    )
  })

  it.each<[string, readonly Piece[]]>([
    ['nothing', []],
    ['the most literals without a length of their own', [numbered(60)]],
    ['literals with a length of one byte', [numbered(61)]],
    ['literals with one of two', [numbered(257)]],
    ['literals with one of three', [numbered(65_537)]],
    ['the nearest and shortest', [numbered(1), { distance: 1, length: 4 }]],
    ['the farthest and longest of the near', [numbered(0x7ff), { distance: 0x7ff, length: 11 }]],
    ['the farthest of the middle', [numbered(0xffff), { distance: 0xffff, length: 64 }]],
    ['what is farther', [numbered(70_000), { distance: 70_000, length: 1 }]],
  ])('may hold %s', (_, pieces) => {
    const contents = contentsOf(pieces)
    expect(Buffer.compare(unsnappy(snappyBlock(pieces), contents.length), contents)).toBe(0)
  })

  const whole = snappy(Uint8Array.from({ length: 300 }, (_, i) => (i % 7) * (i >> 5)))

  it('is refused wherever it is cut', () => {
    for (let end = 0; end < whole.length; end++) expect(() => unsnappy(whole.subarray(0, end), 300)).toThrow(Damaged)
  })

  it.each([
    ['that says less', whole, 301, '300 bytes of 301'],
    ['that says more', whole, 299, 'more than 299 bytes'],
    ['whose length does not end', Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0), 4, 'a length without its end'],
    ['that holds more than it says', Uint8Array.of(1, 4, 7, 7), 1, 'more than 1 bytes'],
    ['that holds less than it says', Uint8Array.of(2, 0, 7), 2, '1 bytes of 2'],
    ['that repeats what is before it', Uint8Array.of(5, 0, 7, 1, 2), 5, 'before the block'],
    ['that repeats nothing', Uint8Array.of(5, 0, 7, 1, 0), 5, 'before the block'],
    ['with literals that it does not have', Uint8Array.of(3, 8, 7), 3, 'without its literals'],
  ])('%s is refused', (_, block, bytes, message) => {
    expect(() => unsnappy(block, bytes)).toThrow(message)
    expect(() => unsnappy(block, bytes)).toThrow(Damaged)
  })

  it('never ends in another error, whatever it is', () => {
    const block = fc.uint8Array({ maxLength: 60 })
    fc.assert(
      fc.property(block, fc.nat(120), (elements, bytes) => {
        try {
          expect(unsnappy(Uint8Array.of(bytes, ...elements), bytes)).toHaveLength(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(Damaged)
        }
      }),
    )
  })
})
