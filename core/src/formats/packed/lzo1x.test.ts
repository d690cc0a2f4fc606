import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lzo1x, lzo1xBlock } from '../testing/lzo1x-writer.ts'
import { contentsOf, mixture, type Piece } from '../testing/repetitions.ts'
import { Damaged } from './decoder.ts'
import { unlzo1x } from './lzo1x.ts'

const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'))

const numbered = (count: number) => ({ literals: Uint8Array.from({ length: count }, (_, i) => i) })

describe('a block of LZO1X', () => {
  // Every kind of instruction is in one of the two. Made by lzo1x_999_compress and lzo1x_1_compress of liblzo2 2.10.
  it.each([
    [
      1046,
      'IMXwp6sUxDHwxx/7o2H9wyAAAAAAAACwEAAgAAAAAAAAQcwNWAAgABKMDQFHYxVaIAAAAAAAAADmRAcgAAAAfkQHIAACUgXD+3cAW/CHewD40kYEBSAAAAAAAAAA5ggYIL5EB9gpIAAAAAAAAADmGAAgAAArGAAL+6PIFh/jdwP9w5gCLxoEmSAAAAAAAAAA5gAAIAAAAGkAAAEvC1+EIAAAAAAAAADmMC4giAMAuNM/IACFnAYRAAA=',
    ],
    [
      4343,
      'DyCayzdQIjATWE7F75RQAFJYRiAAAAAAAACqEAAgAAAABhQbIAAAAAAAANWMDCJyQ4owIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAJIAAAR0l6vDMHSXIAAAAACXYIYEkV2XvgKntqiXBeEkBXYkZjAwIAAAAAAAAAAAAAQcAAFyqwXtF5MBJAV2IACqxCQgAORkBwwkZjAw4SQFdiRmMDDhJAURAAA=',
    ],
  ])('comes out as it was before LZO compressed it: mixture %i', (seed, base64) => {
    const contents = mixture(seed, 17_500)
    expect(Buffer.compare(unlzo1x(bytesOf(base64), contents.length), contents)).toBe(0)
  })

  it('holds whatever was put into it, of any length', () => {
    const run = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 5 }), fc.nat(200))
    fc.assert(
      fc.property(fc.array(run, { maxLength: 30 }), (runs) => {
        const bytes = Uint8Array.from(runs.flatMap(([piece, times]) => Array.from({ length: times }, () => [...piece]).flat()))
        expect(Buffer.compare(unlzo1x(lzo1x(bytes), bytes.length), bytes)).toBe(0)
      }),
    )
  })

  it.each<[string, readonly Piece[]]>([
    ['nothing', []],
    ['one byte', [numbered(1)]],
    ['literals that begin with their own instruction', [numbered(239)]],
    ['literals of the longest length without more bytes', [numbered(3), { distance: 1, length: 4 }, numbered(18)]],
    ['literals of the shortest with more', [numbered(3), { distance: 1, length: 4 }, numbered(19)]],
    ['2 bytes behind literals', [numbered(4), { distance: 4, length: 5 }, numbered(3), { distance: 2, length: 2 }]],
    ['the longest of 3 bytes from 0x801 back', [numbered(0xc00), { distance: 0xc00, length: 3 }]],
    ['the nearest of them', [numbered(0x801), { distance: 0x801, length: 3 }]],
    ['the farthest of the middle', [numbered(0x4000), { distance: 0x4000, length: 33 }]],
    ['the nearest of the far', [numbered(0x4001), { distance: 0x4001, length: 9 }]],
    ['the farthest, and long', [numbered(0xbfff), { distance: 0xbfff, length: 1000 }, numbered(1)]],
    ['255 zeros of a length more', [numbered(1), { distance: 1, length: 33 + 255 }, { distance: 1, length: 33 + 256 }]],
  ])('may hold %s', (_, pieces) => {
    const contents = contentsOf(pieces)
    expect(Buffer.compare(unlzo1x(lzo1xBlock(pieces), contents.length), contents)).toBe(0)
  })

  const whole = lzo1x(Uint8Array.from({ length: 300 }, (_, i) => (i % 7) * (i >> 5)))

  it('is refused wherever it is cut', () => {
    for (let end = 0; end < whole.length; end++) expect(() => unlzo1x(whole.subarray(0, end), 300)).toThrow(Damaged)
  })

  it.each([
    ['that holds less', whole, 301, '300 bytes of 301'],
    ['that holds more', whole, 299, 'more than 299 bytes'],
    ['that goes on behind its end', Uint8Array.of(...whole, 0), 300, 'where it does not end'],
    ['with an end of another length', Uint8Array.of(18, 7, 18, 0, 0), 1, 'where it does not end'],
    ['that repeats what is before it', Uint8Array.of(18, 7, 0x64, 0, 17, 0, 0), 5, 'before the block'],
    ['that repeats more than there is room for', Uint8Array.of(18, 7, 32, 0, 0, 0, 0, 0, 0), 100, 'without its end'],
    ['with literals that it does not have', Uint8Array.of(255, 7), 300, 'without its literals'],
  ])('%s is refused', (_, block, bytes, message) => {
    expect(() => unlzo1x(block, bytes)).toThrow(message)
    expect(() => unlzo1x(block, bytes)).toThrow(Damaged)
  })

  it('never ends in another error, whatever it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(5000), (block, bytes) => {
        try {
          expect(unlzo1x(block, bytes)).toHaveLength(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(Damaged)
        }
      }),
    )
  })
})
