import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { attempt, type Gpa, GuestMemory, gpa, LoadableMemory, PAGE_BYTES } from './index.ts'

const base = gpa(0x4000_0000)
const at = (offset: number) => (base + offset) as Gpa

describe.each(['flat', 'sparse'] as const)('a cursor in %s memory', (backing) => {
  const memory = (bytes = 0x10000) => new GuestMemory([{ base, bytes, backing }])

  it('is its owner’s alone: neither another cursor nor an accessor moves it', () => {
    const ram = memory()
    for (const page of [1, 2, 3]) ram.setWord(at(page * PAGE_BYTES), page, page)
    const [one, other] = [ram.cursor(), ram.cursor()]
    const writer = ram.writeCursor()
    one.seek(at(0x1000))
    other.seek(at(0x2000))
    writer.seekForWrite(at(0x3008))
    ram.u8(at(0x3001))
    ram.u32(at(0x3000))
    ram.read(at(0x2ff8), 16)
    expect([one, other].map(({ words, index }) => words[index])).toEqual([1, 2])
    writer.words[writer.index] = 9
    expect(ram.u32(at(0x3008))).toBe(9)
  })

  it('stays where it is when it is sent into a hole', () => {
    const ram = memory()
    ram.setWord(at(8), 5, 6)
    const cursor = ram.cursor()
    expect([cursor.seek(at(8)), cursor.seek(at(-8)), cursor.seek(at(0x10000))]).toEqual([true, false, false])
    expect(cursor.words[cursor.index + 1]).toBe(6)
  })

  it('finds a hole where the region it stood in was taken away, and the region that took its place', () => {
    const ram = memory()
    const cursor = ram.cursor()
    cursor.seek(at(8))
    ram.u8(at(8))
    ram.removeRegion(base)
    expect([cursor.seek(at(8)), ram.contains(at(8))]).toEqual([false, false])
    expect(() => ram.u8(at(8))).toThrow('EFAULT')
    ram.addRegion({ base, bytes: 0x1000 })
    ram.setWord(at(8), 7, 7)
    expect([cursor.seek(at(8)), cursor.words[cursor.index], ram.u8(at(8))]).toEqual([true, 7, 7])
  })

  it('writes up to the end of a page, and marks that page dirty and no other', () => {
    const ram = memory()
    const writer = ram.writeCursor()
    expect([writer.seekForWrite(at(0x2ff0)), writer.run]).toEqual([true, 2])
    writer.words[writer.index + 3] = 1
    expect([ram.dirtyPages(), ram.u32(at(0x2ffc)), writer.seekForWrite(at(-8))]).toEqual([[at(0x2000)], 1, false])
  })
})

describe('what is known to be zero', () => {
  const PAGES = 2100
  const known = (ram: GuestMemory, offset: number, limit = Number.POSITIVE_INFINITY) => {
    const cursor = ram.cursor()
    cursor.seek(at(offset))
    return cursor.knownZeros(limit)
  }

  const page = fc.integer({ min: 0, max: PAGES - 1 })
  const place = fc.tuple(page, fc.nat(511))
  const backing = fc.constantFrom('flat', 'sparse')

  it('reaches to the first word that was written, in sparse RAM to its page, or to the limit', () => {
    fc.assert(
      fc.property(
        backing,
        fc.array(place, { maxLength: 3 }),
        place,
        fc.nat(PAGES * 512),
        (kept, written, [first, word], limit) => {
          const ram = new GuestMemory([{ base, bytes: PAGES * PAGE_BYTES, backing: kept }])
          for (const [n, at64] of written) {
            ram.clearDirty()
            ram.setU8(at(n * PAGE_BYTES + at64 * 8 + 3), 0)
          }
          const marks = written.filter(([n]) => n >= first).map(([n, at64]) => n * 512 + (kept === 'flat' ? at64 : 0))
          const words = Math.max(0, Math.min(PAGES * 512, ...marks) - (first * 512 + word))
          expect(known(ram, first * PAGE_BYTES + word * 8, limit)).toBe(Math.min(words, limit))
        },
      ),
    )
  })

  it('is of zeros only, whatever was written, and how', () => {
    type Write = (ram: GuestMemory, at: Gpa) => void
    const writes: Record<string, Write> = {
      byte: (ram, to) => ram.setU8((to + 5) as Gpa, 1),
      word: (ram, to) => ram.setWord(to, 1, 0),
      bytes: (ram, to) => ram.write((to + 7) as Gpa, new Uint8Array(9000).fill(2)),
      fill: (ram, to) => ram.fill((to + 1) as Gpa, 5000, 3),
      cursor: (ram, to) => {
        const cursor = ram.writeCursor()
        cursor.seekForWrite(to)
        cursor.words.fill(4, cursor.index, cursor.index + 2 * cursor.run)
      },
      log: (ram) => ram.clearDirty(),
    }
    const few = 40
    const word = fc.nat(few * 512 - 1)
    const write = fc.tuple(fc.constantFrom(...Object.keys(writes)), word)
    const isZero = (ram: GuestMemory, n: number) => (ram.u32(at(n * 8)) | ram.u32(at(n * 8 + 4))) === 0
    fc.assert(
      fc.property(backing, fc.array(write, { maxLength: 5 }), word, (kept, all, from) => {
        const ram = new GuestMemory([{ base, bytes: few * PAGE_BYTES, backing: kept }])
        for (const [how, n] of all) attempt(() => writes[how]!(ram, at(n * 8)))
        const zeros = known(ram, from * 8)
        for (let n = from; n < from + zeros; n++) if (!isZero(ram, n)) expect(`word ${n}`).toBe('zero')
      }),
    )
  })

  it('does not reach into pages that are not loaded', () => {
    const ram = new LoadableMemory([{ base, bytes: 0x10000 }])
    for (const n of [1, 2, 3, 5]) ram.loadZeros(at(n * PAGE_BYTES))
    ram.load(at(0x3000), new Uint8Array(PAGE_BYTES))
    expect([known(ram, 0x1008), known(ram, 0x5000), known(ram, 0x3000)]).toEqual([1023, 512, 0])
  })

  it('is nothing in a page that a fork has written', () => {
    const ram = new GuestMemory([{ base, bytes: 0x10000, backing: 'sparse' }])
    const fork = ram.fork()
    fork.setU32(at(0x1000), 1)
    expect([known(ram, 0), known(fork, 0), known(fork, 0x1000)]).toEqual([8192, 512, 0])
  })

  it('is told of a fork that is to read zeros where nothing was loaded, and of nothing that holds something', () => {
    const ram = new LoadableMemory([{ base, bytes: 0x10000 }])
    ram.load(at(0x2000), new Uint8Array(PAGE_BYTES).fill(3))
    const fork = ram.fork([at(0x1234), at(0x2000), at(0x10000)])
    expect([fork.u32(at(0x1ffc)), fork.u8(at(0x2000)), known(fork, 0x1000)]).toEqual([0, 3, 512])
    expect([fork.isLoaded(at(0x1000)), ram.isLoaded(at(0x1000)), fork.isLoaded(base)]).toEqual([true, false, false])
  })
})
