import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readAhead } from './blob-source.ts'

const MIB = 2 ** 20
const bytes = Uint8Array.from({ length: 33 * MIB + 5 }, (_, i) => (i * 7 + (i >>> 13)) & 255)

/** A file that tells what is read of it. */
function told() {
  const reads: string[] = []
  const blob = {
    size: bytes.length,
    slice: (start: number, end: number) => {
      reads.push(`${start / MIB} ${end / MIB}`)
      return new Blob([bytes.subarray(start, end)])
    },
  }
  return { reads, source: readAhead(blob as unknown as Blob) }
}

describe('a file of the page', () => {
  it('reads as the file is, wherever and in what order it is asked', async () => {
    const { source } = told()
    const range = fc
      .tuple(fc.nat(bytes.length), fc.nat(20 * MIB))
      .map(([start, length]) => [start, Math.min(bytes.length, start + length)] as const)
    await fc.assert(
      fc.asyncProperty(fc.array(range, { minLength: 1, maxLength: 4 }), async (ranges) => {
        for (const [start, end] of ranges) {
          expect(Buffer.compare(await source.slice(start, end), bytes.subarray(start, end))).toBe(0)
        }
      }),
      { numRuns: 20 },
    )
  })

  it('reads the next piece while one is looked at, each once', async () => {
    const { reads, source } = told()
    for (let at = 0; at < 20 * MIB; at += MIB / 2) await source.slice(at, at + MIB / 2)
    expect(reads).toEqual(['0 8', '8 16', '16 24', '24 32'])
  })

  it('reads nothing ahead for what jumps about, and keeps what it comes back to', async () => {
    const { reads, source } = told()
    for (const at of [30, 9, 17, 10, 31]) await source.slice(at * MIB, at * MIB + 8)
    expect(reads).toEqual(['24 32', '8 16', '16 24'])
  })
})
