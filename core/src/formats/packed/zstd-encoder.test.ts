import fc from 'fast-check'
import { decompress } from 'fzstd'
import { describe, expect, it } from 'vitest'
import { fixtureBytes } from '../testing/fixtures.ts'
import { unpackedSource } from '../unpacked.ts'
import { zstdFrame } from './zstd-encoder.ts'

async function packed(bytes: Uint8Array, step = 100_000): Promise<Uint8Array> {
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step)
  }
  const parts: Uint8Array[] = []
  for await (const part of zstdFrame(pieces())) parts.push(part)
  return new Uint8Array(Buffer.concat(parts))
}

/** By our own decoder, which compares the checksum, and by another. */
async function unpackedTwice(frame: Uint8Array): Promise<Uint8Array[]> {
  const source = { byteLength: frame.length, slice: async (start: number, end: number) => frame.slice(start, end) }
  const ours = await unpackedSource(source)
  return [await ours.slice(0, ours.byteLength), decompress(frame)]
}

describe('what is compressed with zstd', () => {
  it('is a saved VM as it was, and less than half of it', async () => {
    const bytes = fixtureBytes('healthy.mig')
    const frame = await packed(bytes)
    for (const again of await unpackedTwice(frame)) expect(Buffer.compare(again, bytes)).toBe(0)
    expect(frame.length).toBeLessThan(bytes.length / 2)
  })

  it.each([0, 1, 5, 2 ** 17 - 1, 2 ** 17, 2 ** 20, 2 ** 20 + 3])('may be %i bytes', async (length) => {
    const bytes = Uint8Array.from({ length }, (_, i) => (Math.imul(i, i) >>> 9) ^ (i >> 4))
    for (const again of await unpackedTwice(await packed(bytes))) expect(Buffer.compare(again, bytes)).toBe(0)
  })

  it('is what it was, whatever is repeated in it and however it comes', async () => {
    const run = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.tuple(fc.nat(255), fc.integer({ min: 1, max: 140_000 })).map(([byte, length]) => new Uint8Array(length).fill(byte)),
      fc.tuple(fc.uint8Array({ minLength: 4, maxLength: 40 }), fc.integer({ min: 2, max: 500 })).map(([bytes, times]) => {
        return new Uint8Array(Buffer.concat(new Array<Uint8Array>(times).fill(bytes)))
      }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(run, { maxLength: 12 }), fc.integer({ min: 1000, max: 300_000 }), async (runs, step) => {
        const bytes = new Uint8Array(Buffer.concat(runs))
        for (const again of await unpackedTwice(await packed(bytes, step))) expect(Buffer.compare(again, bytes)).toBe(0)
      }),
      { numRuns: 30 },
    )
  })
})
