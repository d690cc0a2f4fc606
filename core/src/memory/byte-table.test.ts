import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { attempt, type Gpa, GuestMemory, gpa } from './index.ts'

const base = gpa(0x4000_0000)
const at = (offset: number) => (base + offset) as Gpa

describe('a table of bytes', () => {
  const change = fc.record({
    does: fc.constantFrom('add', 'remove', 'write', 'nothing'),
    page: fc.nat(3),
    pages: fc.integer({ min: 1, max: 2 }),
    backing: fc.constantFrom('flat', 'sparse'),
    byte: fc.nat(0xff),
  })

  it('reads what memory reads there, or answers the same errno, whatever regions come and go', () => {
    fc.assert(
      fc.property(fc.nat(0x3fff), fc.array(change, { maxLength: 12 }), fc.array(fc.nat(0x3fff)), (from, changes, indices) => {
        const ram = new GuestMemory()
        const table = ram.byteTable(at(from))
        for (const { does, page, pages, backing, byte } of changes) {
          const begin = at(page * 0x1000)
          if (does === 'remove') ram.removeRegion(begin)
          // Where regions would overlap none is added.
          else if (does === 'add') throws(() => ram.addRegion({ base: begin, bytes: pages * 0x1000, backing }))
          else if (does === 'write') attempt(() => ram.fill(begin, pages * 0x1000, byte))
          for (const index of indices) expect(attempt(() => table.u8(index))).toEqual(attempt(() => ram.u8(at(from + index))))
        }
      }),
    )
  })

  it('reads a region of more than 2^31 bytes on both sides of that border, as memory does', () => {
    const border = 2 ** 31
    const ram = new GuestMemory([{ base, bytes: border + 0x1000 }])
    const offsets = [0, 1, border - 2, border - 1, border, border + 1, border + 0xfff]
    for (const offset of offsets) ram.setU8(at(offset), 1 + (offset % 251))
    for (const from of [0, border - 16, border]) {
      const table = ram.byteTable(at(from))
      for (const offset of offsets.filter((one) => one >= from))
        expect([table.u8(offset - from), ram.u8(at(offset))]).toEqual([1 + (offset % 251), 1 + (offset % 251)])
    }
    expect([border - 4, border].map((offset) => ram.u32(at(offset)) >>> 16)).toEqual([
      ram.u8(at(border - 2)) | (ram.u8(at(border - 1)) << 8),
      0,
    ])
  })
})

function throws(work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
  }
}
