import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readAhead } from './blob-source.ts'

const MIB = 2 ** 20
const bytes = Uint8Array.from({ length: 17 * MIB + 5 }, (_, i) => (i * 7 + (i >>> 13)) & 255)

/** A browser whose streams give what is there, and do not know that more is wanted; one whose streams do not read into memory. */
const withoutMin = (blob: Blob) => {
  const reader = blob.stream().getReader({ mode: 'byob' })
  const few = { read: (view: Uint8Array<ArrayBuffer>) => reader.read(view.subarray(0, 100_000)), cancel: () => reader.cancel() }
  return { getReader: () => few }
}
const refusing = () => ({
  getReader: () => {
    throw new TypeError('no byte stream')
  },
})

/** A file that tells what is read of it: where streams begin, and pieces that are read alone. */
function told(stream: (blob: Blob) => object = (blob) => blob.stream()) {
  const reads: string[] = []
  const blob = {
    size: bytes.length,
    slice: (start: number, end: number) => {
      const part = new Blob([bytes.subarray(start, end)])
      return {
        stream: () => {
          reads.push(`from ${start / MIB}`)
          return stream(part)
        },
        arrayBuffer: () => {
          reads.push(`${start / MIB} to ${end / MIB}`)
          return part.arrayBuffer()
        },
      }
    },
  }
  return { reads, source: readAhead(blob as unknown as Blob) }
}

const range = fc
  .tuple(fc.nat(bytes.length), fc.nat(10 * MIB))
  .map(([start, length]) => [start, Math.min(bytes.length, start + length)] as const)

describe('a file of the page', () => {
  it.each([
    ['streams into memory', undefined],
    ['streams what is there', withoutMin],
    ['does not stream into memory', refusing],
  ])('reads as the file is, wherever and in what order it is asked, in a browser that %s', async (_, stream) => {
    const { source } = told(stream)
    const room = new Uint8Array(10 * MIB)
    const asked = fc.array(fc.tuple(range, fc.boolean()), { minLength: 1, maxLength: 4 })
    const rule = fc.asyncProperty(asked, async (ranges) => {
      for (const [[start, end], isInto] of ranges) {
        const read = await source.slice(start, end, isInto ? room : undefined)
        expect(Buffer.compare(read, bytes.subarray(start, end))).toBe(0)
      }
      const own = ranges.map(([[start, end]]) => source.slice(start, end))
      for (const [i, read] of (await Promise.all(own)).entries()) {
        const [[start, end]] = ranges[i]!
        expect(Buffer.compare(read, bytes.subarray(start, end))).toBe(0)
      }
    })
    await fc.assert(rule, { numRuns: 8 })
  })

  it('goes through one stream of what is read from front to back', async () => {
    const { reads, source } = told()
    for (let at = 0; at < 16 * MIB; at += MIB / 2) await source.slice(at, at + MIB / 2)
    expect(reads).toEqual(['from 0'])
  })

  it('reads the next piece while one is looked at, each once', async () => {
    const { reads, source } = told(refusing)
    for (let at = 0; at < 10 * MIB; at += MIB / 2) await source.slice(at, at + MIB / 2)
    expect(reads.filter((read) => read.includes('to'))).toEqual(['0 to 4', '4 to 8', '8 to 12', '12 to 16'])
  })

  it('reads nothing ahead for what jumps about, and keeps what it comes back to', async () => {
    const { reads, source } = told(refusing)
    for (const at of [14, 5, 9, 6, 15]) await source.slice(at * MIB, at * MIB + 8)
    expect(reads.filter((read) => read.includes('to'))).toEqual(['12 to 16', '4 to 8', '8 to 12'])
  })

  it('says so where the file became shorter, and reads it again when it is asked again', async () => {
    let isShort = true
    const { source } = told((blob) => (isShort ? blob.slice(0, blob.size - 100) : blob).stream())
    await expect(source.slice(bytes.length - 200, bytes.length)).rejects.toThrow('shorter while it was read')
    isShort = false
    expect(Buffer.compare(await source.slice(bytes.length - 200, bytes.length), bytes.subarray(-200))).toBe(0)
  })
})
