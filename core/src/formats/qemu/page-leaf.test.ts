import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LEAF_BYTES, LEAF_PAGES, PageLeaf, RUN_BYTES } from './page-leaf.ts'

const HIGHEST = 2 ** 52

describe('the entries of 4096 pages', () => {
  it('are what was set last, in whatever order pages come', () => {
    const run = fc.record({
      page: fc.nat(LEAF_PAGES - 1),
      pages: fc.integer({ min: 1, max: 200 }),
      entry: fc.integer({ min: 1, max: 1000 }),
      step: fc.nat(3),
    })
    const runs = fc.array(run, { maxLength: 80 })
    fc.assert(
      fc.property(runs, fc.boolean(), (written, inOrder) => {
        const leaf = new PageLeaf()
        const expected = new Float64Array(LEAF_PAGES)
        const order = inOrder ? [...written].sort((a, b) => a.page - b.page) : written
        for (const { page, pages, entry, step } of order) {
          for (let i = 0; i < pages && page + i < LEAF_PAGES; i++) {
            leaf.set(page + i, HIGHEST + entry + i * step)
            expected[page + i] = HIGHEST + entry + i * step
          }
        }
        for (let page = 0; page < LEAF_PAGES; page++) if (leaf.get(page) !== expected[page]) expect(page).toBe(-1)
      }),
      { numRuns: 60 },
    )
  })

  it('take what a run takes where they follow one another, and never more than an array with the runs before it', () => {
    const [ordered, scattered] = [new PageLeaf(), new PageLeaf()]
    let [few, many] = [0, 0]
    for (let page = 0; page < LEAF_PAGES; page++) {
      few += ordered.set(page, 1000 + page * 65_664)
      many += scattered.set((page * 7) % LEAF_PAGES, 1000 + page * 65_664)
    }
    expect([few, many]).toEqual([RUN_BYTES, LEAF_BYTES + 64 * RUN_BYTES])
  })
})
