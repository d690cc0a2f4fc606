import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Xxh64 } from './xxh64.ts'

function digest(...pieces: readonly Uint8Array[]): number {
  const hash = new Xxh64()
  for (const piece of pieces) hash.add(piece)
  return hash.low()
}

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
  ])('of %i bytes ends in what zstd keeps of them', (length, low) => {
    expect(digest(Uint8Array.from({ length }, (_, index) => index * 31 + 7))).toBe(low)
  })

  it('is the same for zeros, which have a way of their own', () => {
    expect(digest(new Uint8Array(4096))).toBe(0x32d8bbdb)
  })

  it('is the same however the bytes come in pieces', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(200)), (bytes, cuts) => {
        const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length]
        const pieces = places.slice(1).map((end, i) => bytes.subarray(places[i], end))
        expect(digest(...pieces)).toBe(digest(bytes))
      }),
    )
  })
})
