import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Recent } from './recent.ts'

it('the last bytes stay, all of them and no others, however they come', () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 12 })
  fc.assert(
    fc.property(pieces, fc.integer({ min: 1, max: 50 }), fc.nat(50), fc.nat(50), (added, most, skip, length) => {
      const recent = new Recent(most)
      for (const piece of added) recent.add(piece)
      const all = Buffer.concat(added)
      expect([recent.start, recent.end]).toEqual([Math.max(0, all.length - most), all.length])
      const start = Math.min(recent.start + skip, all.length)
      const end = Math.min(start + length, all.length)
      const room = new Uint8Array(50)
      for (const bytes of [recent.slice(start, end), recent.slice(start, end, room)])
        expect(Buffer.compare(bytes, all.subarray(start, end))).toBe(0)
    }),
  )
})
