import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Bitmap } from './bitmap.ts'

const bytes = fc.array(fc.constantFrom(0, 0xff, 0x01, 0x80, 0x5a), { minLength: 1, maxLength: 1300 })

it('counts what comes before each member, and tells the runs of them', () => {
  fc.assert(
    fc.property(bytes, fc.nat(9000), (list, cut) => {
      const limit = Math.min(cut, list.length * 8)
      const bitmap = new Bitmap(Uint8Array.from(list), limit)
      const members = list.flatMap((byte, at) =>
        [0, 1, 2, 3, 4, 5, 6, 7].flatMap((bit) => ((byte >> bit) & 1 ? at * 8 + bit : [])),
      )
      for (const [rank, member] of members.entries()) {
        expect(bitmap.has(member)).toBe(member < limit)
        if (rank % 97 === 0 || rank === members.length - 1) expect(bitmap.rank(member)).toBe(rank)
      }
      const inRuns = [...bitmap.runs()].flatMap(([first, count]) => Array.from({ length: count }, (_, n) => first + n))
      expect(inRuns).toEqual(members.filter((member) => member < limit))
      const runs = [...bitmap.runs()]
      expect(runs.every(([first], n) => n === 0 || first > runs[n - 1]![0] + runs[n - 1]![1])).toBe(true)
    }),
  )
})
