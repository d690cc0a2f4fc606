import { describe, expect, it } from 'vitest'
import { GuestMemory, gpa, PAGE_BYTES } from '../memory/index.ts'
import { differences } from './edits.ts'
import { applyEdits, bytesSource, changedPages, type Edit, editedLength, keepsLength } from './index.ts'

const before = new Uint8Array(64)
/** The bytes with those at `places` changed. */
const changed = (...places: readonly number[]) => before.map((_, at) => (places.includes(at) ? 0xff : 0))
const edit = (offset: number, remove: number, ...insert: readonly number[]): Edit => ({
  offset,
  remove,
  insert: Uint8Array.from(insert),
})

describe('the differences of two pieces', () => {
  it.each<[string, readonly number[], readonly (readonly [offset: number, bytes: number])[]]>([
    ['no edit where nothing differs', [], []],
    ['an edit of the first byte', [0], [[0, 1]]],
    ['an edit of the last byte', [63], [[63, 1]]],
    ['one edit of bytes side by side', [8, 9, 10], [[8, 3]]],
    ['one edit of bytes with 15 alike between them', [3, 19], [[3, 17]]],
    [
      'two edits of bytes with 16 alike between them',
      [3, 20],
      [
        [3, 1],
        [20, 1],
      ],
    ],
    [
      'edits as long as they have to be',
      [3, 10, 18, 60],
      [
        [3, 16],
        [60, 1],
      ],
    ],
  ])('are %s', (_, places, expected) => {
    const after = changed(...places)
    const edits = differences(1000, before, after)
    expect(edits).toEqual(
      expected.map(([at, bytes]) => ({ offset: 1000 + at, remove: bytes, insert: after.slice(at, at + bytes) })),
    )
  })
})

describe('edits', () => {
  it.each<[string, readonly Edit[], boolean, number]>([
    ['none', [], true, 64],
    ['of bytes', [edit(0, 1, 9), edit(5, 2, 8, 7)], true, 64],
    ['that add', [edit(0, 1, 9), edit(5, 1, 8, 7, 6)], false, 66],
    ['that take away', [edit(0, 4, 1), edit(5, 1, 8)], false, 61],
    ['that add and take away', [edit(0, 2, 1), edit(5, 1, 8, 9)], false, 64],
  ])('keep the places of what they do not change, or not: %s', (_, edits, keep, bytes) => {
    expect([keepsLength(edits), editedLength(bytesSource(before), edits)]).toEqual([keep, bytes])
  })

  const pieces = async (bytes: Uint8Array, edits: readonly Edit[]) => {
    const all: number[][] = []
    for await (const piece of applyEdits(bytesSource(bytes), edits)) all.push([...piece])
    return all
  }
  const six = Uint8Array.of(0, 1, 2, 3, 4, 5)

  it.each<[string, readonly Edit[], number[][]]>([
    ['nothing', [], [[0, 1, 2, 3, 4, 5]]],
    ['a byte replaced', [edit(2, 1, 9)], [[0, 1], [9], [3, 4, 5]]],
    [
      'bytes put in',
      [edit(2, 0, 9, 9)],
      [
        [0, 1],
        [9, 9],
        [2, 3, 4, 5],
      ],
    ],
    [
      'bytes taken out',
      [edit(2, 2)],
      [
        [0, 1],
        [4, 5],
      ],
    ],
    ['edits at both ends', [edit(0, 1, 8), edit(5, 1, 9)], [[8], [1, 2, 3, 4], [9]]],
    ['edits side by side', [edit(1, 2, 8), edit(3, 1, 9)], [[0], [8], [9], [4, 5]]],
    ['more at the end', [edit(6, 0, 7)], [[0, 1, 2, 3, 4, 5], [7]]],
  ])('give the bytes piece by piece: %s', async (_, edits, expected) => {
    expect(await pieces(six, edits)).toEqual(expected)
  })

  it.each([
    ['one that overlaps the one before', [edit(1, 2, 8), edit(2, 1, 9)]],
    ['one before the one before', [edit(4, 1, 8), edit(0, 1, 9)]],
    ['one that takes more than there is', [edit(5, 2, 9)]],
    ['one behind the end', [edit(7, 0, 9)]],
  ])('are refused: %s', async (_, edits) => {
    await expect(pieces(six, edits)).rejects.toThrow(RangeError)
  })

  it('copy a long file in pieces of 4 MiB', async () => {
    const long = new Uint8Array((4 << 20) + 3).fill(7)
    const lengths: number[] = []
    for await (const piece of applyEdits(bytesSource(long), [])) lengths.push(piece.length)
    expect(lengths).toEqual([4 << 20, 3])
  })
})

it('the pages that were written are those that change', () => {
  const memory = new GuestMemory([{ base: gpa(0x4000_0000), bytes: 4 * PAGE_BYTES }])
  memory.setWord(gpa(0x4000_2008), 5, 6)
  const page = new Uint8Array(PAGE_BYTES)
  page.set([5, 0, 0, 0, 6], 8)
  expect(changedPages(memory)).toEqual(new Map([[0x4000_2000, page]]))
})
