import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { coalesce, gpa, PAGE_BYTES } from '../../memory/index.ts'
import { bytesSource, openSavedMachine } from '../index.ts'
import { type RamRecord, writeStream } from '../testing/stream-writer.ts'

const RAM = 0x4000_0000
const PAGES = 24
const block = 'mach-virt.ram'
const pageAt = (page: number) => ({ base: gpa(RAM + page * PAGE_BYTES), bytes: PAGE_BYTES })

const contents = fc.constantFrom(0, 1).map((value) => new Uint8Array(PAGE_BYTES).fill(value))
const page = fc.nat(PAGES - 1)
const record = fc.oneof(
  fc.record({ page, fill: fc.constantFrom(0, 0, 7) }),
  fc.record({ page, contents }),
  // Runs of records, as VMMs write them.
  fc.record({ page, pages: fc.integer({ min: 2, max: 9 }), fill: fc.constantFrom(0, 7) }),
)

describe('the pages of a stream that are known to be zeros', () => {
  it('are those whose last record says so and those without one, and only they are not read', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(record, { maxLength: 30 }), page, page, async (written, first, last) => {
        const records = written.flatMap((one): Exclude<RamRecord, string>[] =>
          'pages' in one
            ? Array.from({ length: one.pages }, (_, i) => ({ block, page: (one.page + i) % PAGES, fill: one.fill }))
            : [{ ...one, block }],
        )
        const machine = await openSavedMachine(
          bytesSource(writeStream({ blocks: [{ name: block, bytes: PAGES * PAGE_BYTES }], sections: [records] })),
        )
        const lastOf = new Map(records.map((one) => [one.page, one]))
        const numbers = Array.from({ length: PAGES }, (_, n) => n)
        const isAsked = (n: number) => n >= first && n <= last
        const isMissing = (n: number) => !lastOf.has(n)
        const isZero = (n: number) => isMissing(n) || (lastOf.get(n) as { fill?: number }).fill === 0
        const asked = numbers.filter(isAsked).map(pageAt)
        expect(machine.zeros(asked)).toEqual(coalesce(numbers.filter((n) => isAsked(n) && isZero(n)).map(pageAt)))
        expect(machine.missingPages(asked)).toEqual(numbers.filter((n) => isAsked(n) && isMissing(n)).map((n) => pageAt(n).base))
        const memory = machine.memory()
        await machine.load(memory, asked)
        const cursor = memory.cursor()
        for (const n of numbers.filter(isAsked)) {
          cursor.seek(pageAt(n).base)
          const one = lastOf.get(n)
          const byte = one === undefined ? 0 : 'fill' in one ? one.fill : (one as { contents: Uint8Array }).contents[0]
          expect([cursor.knownZeros(1), memory.u8(pageAt(n).base)]).toEqual([Number(isZero(n)), byte])
        }
        expect(numbers.filter((n) => memory.isLoaded(pageAt(n).base))).toEqual(numbers.filter(isAsked))
      }),
      { numRuns: 60 },
    )
  })
})
