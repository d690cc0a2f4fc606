import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { coalesce, type Gpa, type GpaRange, gpa, PAGE_BYTES } from '../memory/index.ts'
import { inRanges, PageRuns, pagesIn, touched, withoutRanges } from './page-runs.ts'

const runs = [
  { base: gpa(0x4000_0000), bytes: 0x3000 },
  { base: gpa(0x4000_8000), bytes: 0x1000 },
  { base: gpa(0x5000_0000), bytes: 0x2000 },
]

describe('runs of pages', () => {
  it.each([
    [0x3fff_f000, -1],
    [0x4000_0000, 0],
    [0x4000_2000, 2],
    [0x4000_3000, -1],
    [0x4000_7000, -1],
    [0x4000_8000, 3],
    [0x4000_9000, -1],
    [0x5000_0000, 4],
    [0x5000_1000, 5],
    [0x5000_2000, -1],
  ])('number their pages one after the other: 0x%x', (at, index) => {
    expect(new PageRuns(runs).indexOf(at as Gpa)).toBe(index)
  })

  it('know how many there are', () => {
    expect([new PageRuns(runs).count, new PageRuns([]).count, new PageRuns([]).indexOf(gpa(0))]).toEqual([6, 0, -1])
    expect(new PageRuns(runs).ranges).toBe(runs)
  })
})

describe('ranges without others, and within others,', () => {
  const range = fc.record({ base: fc.nat(60), bytes: fc.nat(20) })
  const ranges = fc.array(range, { maxLength: 8 }).map((some) => coalesce(some as GpaRange[]))
  const covered = (some: readonly GpaRange[]) =>
    Array.from({ length: 90 }, (_, at) => some.some(({ base, bytes }) => at >= base && at < base + bytes))

  it('are what is in the first and not, or also, in the second', () => {
    fc.assert(
      fc.property(ranges, ranges, (first, second) => {
        const [a, b] = [covered(first), covered(second)]
        expect(covered(withoutRanges(first, second))).toEqual(a.map((is, at) => is && !b[at]))
        expect(covered(inRanges(first, second))).toEqual(a.map((is, at) => is && b[at]))
      }),
    )
  })
})

describe('the pages that ranges touch', () => {
  it('are the same one by one and as runs', () => {
    const range = fc.record({ base: fc.nat(0x1_0000), bytes: fc.integer({ min: 1, max: 0x3000 }) })
    const ranges = fc.array(
      range.map((one) => ({ ...one, base: gpa(0x4000_0000 + one.base) })),
      { maxLength: 6 },
    )
    fc.assert(
      fc.property(ranges, (some) => {
        const pages = [...new Set(pagesIn(runs, some))].sort((a, b) => a - b)
        expect(touched(runs, some)).toEqual(coalesce(pages.map((base) => ({ base, bytes: PAGE_BYTES }))))
      }),
    )
  })
})
