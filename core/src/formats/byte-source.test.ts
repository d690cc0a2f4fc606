import { describe, expect, it } from 'vitest'
import { type ByteSource, partOf, readExactly, truncated } from './byte-source.ts'
import { blobSource, bytesSource, FormatError } from './index.ts'

const bytes = Uint8Array.from({ length: 20 }, (_, i) => i)
const source = bytesSource(bytes)

describe('a part of a source', () => {
  it.each([
    ['from a place to the end', () => partOf(source, 15), [15, 16, 17, 18, 19]],
    ['of so many bytes', () => partOf(source, 4, 3), [4, 5, 6]],
    ['of a part', () => partOf(partOf(source, 4, 10), 2, 2), [6, 7]],
  ])('has its own bytes: %s', async (_, make, expected) => {
    const part = make()
    expect(part.byteLength).toBe(expected.length)
    expect([...(await part.slice(0, part.byteLength))]).toEqual(expected)
    expect([...(await part.slice(1, 2))]).toEqual([expected[1]])
  })

  it('passes on the room that it is given', async () => {
    const rooms: (Uint8Array | undefined)[] = []
    const filling: ByteSource = {
      byteLength: 20,
      slice: async (start, end, scratch) => {
        rooms.push(scratch)
        return bytes.slice(start, end)
      },
    }
    const room = new Uint8Array(4)
    await partOf(filling, 5).slice(0, 4, room)
    expect(rooms).toEqual([room])
  })
})

describe('reading exactly so many bytes', () => {
  it('gives them, up to the last', async () => {
    expect([...(await readExactly(source, 18, 2, 'two'))]).toEqual([18, 19])
    expect([...(await readExactly(source, 20, 0, 'none'))]).toEqual([])
  })

  it('is refused where the source ends before, without asking it', async () => {
    const slice = () => Promise.reject(new RangeError('not inside the source'))
    const read = readExactly({ byteLength: 20, slice }, 18, 3, 'three bytes')
    await expect(read).rejects.toThrow(FormatError)
    await expect(read).rejects.toThrow(
      'at byte 0x14: expected three bytes, found the end of the file: truncated, or still being written?',
    )
  })

  it('is refused where a source gives fewer than it has', async () => {
    const shrunk = { byteLength: 20, slice: async (start: number) => bytes.subarray(start, 12) }
    await expect(readExactly(shrunk, 8, 9, 'nine bytes')).rejects.toMatchObject({ offset: 12, expected: 'nine bytes' })
    expect(truncated(3, 'more')).toMatchObject({ offset: 3, expected: 'more', found: 'the end of the file' })
  })
})

it('a Blob gives the bytes asked for', async () => {
  const blob = blobSource(new Blob([bytes]))
  expect([blob.byteLength, ...(await blob.slice(3, 5))]).toEqual([20, 3, 4])
})
