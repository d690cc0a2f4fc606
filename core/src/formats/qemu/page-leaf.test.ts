import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LEAF_BYTES, PageLeaf } from './page-leaf.ts'
import { LEAF_PAGES, RUN_BYTES } from './record-runs.ts'
import { STEPS_BYTES } from './record-steps.ts'

const HIGHEST = 2 ** 52
/** How far the next record is behind one of zeros and behind one of a page's contents, in the unit of entries. */
const [ZEROS, CONTENTS] = [9 * 16, 4104 * 16]

/** A leaf with these entries set in this order, and what it takes. */
function filled(set: Iterable<readonly [page: number, entry: number]>) {
  const leaf = new PageLeaf()
  const expected = new Float64Array(LEAF_PAGES)
  let [bytes, most] = [0, 0]
  for (const [page, entry] of set) {
    bytes += leaf.set(page, entry)
    most = Math.max(most, bytes)
    expected[page] = entry
  }
  return { leaf, expected, bytes, most }
}

function expectEntries({ leaf, expected }: ReturnType<typeof filled>): void {
  for (let page = 0; page < LEAF_PAGES; page++) if (leaf.get(page) !== expected[page]) expect(page).toBe(-1)
  for (let page = 0; page < LEAF_PAGES; ) {
    const end = leaf.alike(page, LEAF_PAGES, 16)
    const kinds = new Set(expected.subarray(page, end).map((entry) => entry % 16))
    const isOne = kinds.size === 1 && (expected[page] !== 0 || expected.subarray(page, end).every((entry) => entry === 0))
    if (end <= page || end > LEAF_PAGES || !isOne) expect([page, end]).toEqual([])
    page = end
  }
}

/** Pages in order, of which each is sent or not, and a record of zeros or not, as `random` says; from this entry on. */
function* pass(from: number, isSent: () => boolean, isZeros: () => boolean): Generator<[page: number, entry: number]> {
  let entry = from
  for (let page = 0; page < LEAF_PAGES; page++) {
    if (!isSent()) continue
    const zeros = isZeros()
    yield [page, entry + (zeros ? 1 : 3)]
    entry += zeros ? ZEROS : CONTENTS
  }
}

/** True in `part` of all cases, and each time in the same ones. */
function chance(part: number, seed = 1): () => boolean {
  let state = seed * 0x9e3779b9
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) | 0
    return (state >>> 8) / 2 ** 24 < part
  }
}

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
        const order = inOrder ? [...written].sort((a, b) => a.page - b.page) : written
        const set = order.flatMap(({ page, pages, entry, step }) =>
          Array.from({ length: Math.min(pages, LEAF_PAGES - page) }, (_, i) => [page + i, HIGHEST + entry + i * step] as const),
        )
        expectEntries(filled(set))
      }),
      { numRuns: 60 },
    )
  })

  it('are what a stream of several passes set last, each over some pages, of zeros or not', () => {
    const part = fc.constantFrom(0, 0.02, 0.5, 0.98, 1)
    fc.assert(
      fc.property(fc.array(fc.tuple(part, part), { maxLength: 10 }), fc.nat(99), (parts, seed) => {
        const set = parts.flatMap(([sent, zeros], i) => [
          ...pass(2 ** 40 + i * 2 ** 30, chance(sent, seed + i), chance(zeros, 100 + seed + i)),
        ])
        expectEntries(filled(set))
      }),
      { numRuns: 40 },
    )
  })

  it('take what a run takes where they follow one another, half a byte a page in any mix of two records, and at most an array', () => {
    const always = () => true
    const [ordered, mixed] = [filled(pass(1000, always, () => false)), filled(pass(1000, always, chance(0.5)))]
    const again = filled([...pass(1000, always, chance(0.5)), ...pass(2 ** 40, chance(0.1), chance(0.1, 2))])
    const scattered = filled(
      Array.from({ length: LEAF_PAGES }, (_, i) => [(i * 1365) % LEAF_PAGES, 1000 + i * CONTENTS] as const),
    )
    const uneven = filled(Array.from({ length: LEAF_PAGES }, (_, i) => [i, 1000 + i * i * 16] as const))
    const bytes = [ordered, mixed, again, scattered, uneven].map((one) => one.bytes)
    expect(bytes).toEqual([RUN_BYTES, STEPS_BYTES, 2 * STEPS_BYTES, LEAF_BYTES, LEAF_BYTES])
    for (const { most } of [ordered, mixed, again, scattered, uneven]) expect(most).toBeLessThanOrEqual(LEAF_BYTES)
  })
})
