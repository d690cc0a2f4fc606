import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { attempt, coalesce, type Gpa, GuestMemory, gpa, LoadableMemory, NotLoadedError } from './index.ts'

const base = gpa(0x4000_0000)
const at = (offset: number) => (base + offset) as Gpa

describe.each(['flat', 'sparse'] as const)('%s guest memory', (backing) => {
  const memory = () => new GuestMemory([{ base, bytes: 0x10000, backing }])

  it('reads back bytes, words and runs across pages, little-endian', () => {
    const ram = memory()
    ram.write(at(0xffd), new Uint8Array([1, 2, 3, 4, 5, 6]))
    expect([...ram.read(at(0xffc), 8)]).toEqual([0, 1, 2, 3, 4, 5, 6, 0])
    expect(ram.u32(at(0x1000))).toBe(0x00060504)
    ram.setU8(at(0x1001), 0xff)
    expect(ram.u32(at(0x1000))).toBe(0x0006ff04)
    ram.setWord(at(8), 0x89abcdef, 0xffffffff)
    expect([ram.u32(at(8)), ram.u32(at(12)), ram.u8(at(11))]).toEqual([0x89abcdef, 0xffffffff, 0x89])
  })

  it('answers a hole with EFAULT and its address, and keeps what came before it', () => {
    const ram = memory()
    expect(attempt(() => ram.u32(at(0x10000)))).toMatchObject({ ok: false, errno: 'EFAULT', where: { at: at(0x10000) } })
    expect(attempt(() => ram.fill(at(0xfff8), 16, 7))).toMatchObject({ errno: 'EFAULT', where: { at: at(0x10000) } })
    expect(ram.u8(at(0xffff))).toBe(7)
    expect(ram.cursor().seek(at(-8))).toBe(false)
  })

  it('logs the pages written and nothing else', () => {
    const ram = memory()
    ram.u32(at(0x3000))
    ram.setU32(at(0x2000), 1)
    ram.write(at(0x4ffc), new Uint8Array(8))
    expect(ram.dirtyPages()).toEqual([at(0x2000), at(0x4000), at(0x5000)])
    ram.clearDirty()
    expect(ram.dirtyPages()).toEqual([])
  })

  it('forks: the copy sees the same bytes and keeps its writes to itself', () => {
    const ram = memory()
    ram.setU32(at(0x1000), 11)
    const copy = ram.fork()
    copy.setU32(at(0x1004), 22)
    copy.setU32(at(0x8000), 33)
    const second = copy.fork()
    second.setU32(at(0x1000), 44)
    expect([ram, copy, second].map((m) => [0x1000, 0x1004, 0x8000].map((o) => m.u32(at(o))))).toEqual([
      [11, 0, 0],
      [11, 22, 33],
      [44, 22, 33],
    ])
    expect(copy.dirtyPages()).toEqual([at(0x1000), at(0x8000)])
  })

  it.each(['0x2000', '0x2fff', '0xffff'])('forks a page whose one bit is in the byte at %s', (offset) => {
    const ram = memory()
    ram.fill(base, 0x10000, 0)
    ram.setU8(at(Number(offset)), 0x80)
    expect(ram.fork().read(base, 0x10000)).toEqual(ram.read(base, 0x10000))
  })

  it('counts zero words as one does that looks at each, with a lone sign bit and without, up to a limit', () => {
    // A number and its negative, the smallest there is, infinity, one that is none; and a word of which one half is zero.
    const planted = fc.constantFrom<readonly [lo: number, hi: number]>(
      ...([0x8000_0000, 1, 0x3ff0_0000, 0xbff0_0000, 0x7ff0_0000, 0x7ff8_0000, 0xffff_ffff].map((hi) => [0, hi]) as [
        0,
        number,
      ][]),
      [1, 0],
      [0x8000_0000, 0],
    )
    const word = fc.nat(511)
    fc.assert(
      fc.property(word, fc.nat(512), fc.array(fc.tuple(word, planted), { maxLength: 3 }), (from, limit, words) => {
        const ram = memory()
        for (const [place, [lo, hi]] of words) ram.setWord(at(place * 8), lo, hi)
        const bound = Math.min(limit, 512 - from)
        const one = (offset: number) => [ram.u32(at(offset * 8)), ram.u32(at(offset * 8 + 4))] as const
        const naive = (isZero: (lo: number, hi: number) => boolean) => {
          let count = 0
          while (count < bound && isZero(...one(from + count))) count++
          return count
        }
        const cursor = ram.cursor()
        cursor.seek(at(from * 8))
        expect(cursor.skipBlank(bound)).toBe(naive((lo, hi) => lo === 0 && hi === 0))
        // It may stop at a lone sign bit, and need not; and at no zero.
        const skipped = cursor.skipZeros(bound)
        expect(skipped).toBeGreaterThanOrEqual(naive((lo, hi) => lo === 0 && hi === 0))
        expect(skipped).toBeLessThanOrEqual(naive((lo, hi) => lo === 0 && (hi === 0 || hi === 0x8000_0000)))
      }),
    )
  })
})

describe('memory loaded piece by piece', () => {
  it('says so when a page was not loaded, and reads zeros where zeros were loaded', () => {
    const ram = new LoadableMemory([{ base, bytes: 0x4000 }])
    expect(() => ram.u32(at(0x1000))).toThrow(NotLoadedError)
    ram.load(at(0x1000), new Uint8Array(4096).fill(9))
    ram.loadZeros(at(0x2000))
    expect([ram.u8(at(0x1fff)), ram.u32(at(0x2000))]).toEqual([9, 0])
    expect(ram.dirtyPages()).toEqual([])
    expect([ram.isLoaded(base), ram.isLoaded(at(0x1000)), ram.isLoaded(at(0x1fff), 2)]).toEqual([false, true, true])
    expect([ram.isLoaded(at(0x2000), 0x1001), ram.isLoaded(at(0x4000))]).toEqual([false, true])
  })

  it('knows which pages of a range are not loaded, in regions and across them, whatever was loaded in what order', () => {
    const PAGES = 2200
    const end = PAGES + 40
    const step = fc.tuple(fc.constantFrom('page', 'zeros'), fc.nat(end - 1), fc.integer({ min: 1, max: 1500 }))
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 8 }),
        fc.nat(end * 0x1000),
        fc.integer({ min: 1, max: end * 0x1000 }),
        (steps, from, bytes) => {
          const ram = new LoadableMemory([
            { base, bytes: 1100 * 0x1000 },
            { base: at(1100 * 0x1000), bytes: 1000 * 0x1000 },
            { base: at(2120 * 0x1000), bytes: 80 * 0x1000 },
          ])
          const isRam = (page: number) => page < 2100 || (page >= 2120 && page < PAGES)
          const loaded = new Set<number>()
          for (const [kind, page, pages] of steps) {
            const [first, count] = [at(page * 0x1000), kind === 'page' ? 1 : pages]
            if (kind === 'zeros') ram.loadZeros(first, count * 0x1000)
            else ram.load(first, new Uint8Array(4096).fill(page))
            for (let i = page; i < page + count; i++) loaded.add(i)
          }
          const wanted = (page: number) => page * 0x1000 < from + bytes && (page + 1) * 0x1000 > from
          const left = Array.from({ length: end }, (_, page) => page).filter(
            (page) => wanted(page) && isRam(page) && !loaded.has(page),
          )
          const ranges = coalesce([...ram.notLoaded({ base: at(from), bytes })])
          expect(ranges).toEqual(coalesce(left.map((page) => ({ base: at(page * 0x1000), bytes: 0x1000 }))))
          expect(ram.isLoaded(at(from), bytes)).toBe(left.length === 0)
        },
      ),
      { numRuns: 40 },
    )
  })
})

describe('memory of many gigabytes, hardly any of it used', () => {
  it('costs little, forks at once, and keeps what each fork wrote apart from what is loaded later', () => {
    const bytes = 2 ** 37
    const ram = new LoadableMemory([{ base, bytes }])
    const last = bytes - 0x1000
    ram.load(at(last), new Uint8Array(4096).fill(1))
    const forks = Array.from({ length: 20 }, () => ram.fork())
    forks.forEach((fork, i) => {
      fork.setU32(at(last), i)
    })
    ram.load(at(last - 0x1000), new Uint8Array(4096).fill(2))
    expect(forks.map((fork) => fork.u32(at(last)))).toEqual(forks.map((_, i) => i))
    expect(ram.u32(at(last))).toBe(0x01010101)
    expect(() => forks[0]!.u32(at(last - 0x1000))).toThrow(NotLoadedError)
  })
})

describe('several regions', () => {
  it('refuses overlaps, finds each address and forgets a removed one', () => {
    const ram = new GuestMemory([
      { base, bytes: 0x1000 },
      { base: at(0x2000), bytes: 0x1000 },
    ])
    expect(() => ram.addRegion({ base: at(0x800), bytes: 0x1000 })).toThrow('overlaps')
    expect([ram.contains(at(0xff8), 8), ram.contains(at(0xff8), 16), ram.contains(at(0x2000))]).toEqual([true, false, true])
    ram.removeRegion(at(0x2000))
    expect(ram.contains(at(0x2000))).toBe(false)
  })
})

describe('memory of many regions', () => {
  const region = fc.record({ page: fc.nat(40), pages: fc.integer({ min: 1, max: 6 }) })
  const ends = ({ page, pages }: { page: number; pages: number }) => page + pages
  const shape = ({ page, pages }: { page: number; pages: number }) => ({ base: at(page * 0x1000), bytes: pages * 0x1000 })

  it('finds each byte, refuses what overlaps and forgets what is taken away, in whatever order they come', () => {
    fc.assert(
      fc.property(fc.array(region, { maxLength: 20 }), fc.nat(19), (wanted, removed) => {
        const ram = new GuestMemory()
        let there: (typeof wanted)[number][] = []
        wanted.forEach((one, index) => {
          const clashes = there.some((other) => one.page < ends(other) && other.page < ends(one))
          if (clashes) expect(() => ram.addRegion(shape(one))).toThrow(RangeError)
          else {
            ram.addRegion(shape(one))
            there.push(one)
          }
          if (index !== removed) return
          ram.removeRegion(shape(wanted[0]!).base)
          there = there.filter(({ page }) => page !== wanted[0]!.page)
        })
        there.sort((a, b) => a.page - b.page)
        expect(ram.ranges).toEqual(there.map(shape))
        for (let page = -1; page < 48; page++) {
          expect(ram.contains(at(page * 0x1000 + 8))).toBe(there.some((one) => page >= one.page && page < ends(one)))
        }
      }),
    )
  })
})

it.each<[string, (memory: GuestMemory, at: Gpa) => unknown]>([
  ['read', (memory, at) => memory.read(at, 8)],
  ['write', (memory, at) => memory.write(at, new Uint8Array(8))],
  ['fill', (memory, at) => memory.fill(at, 8)],
  ['u32', (memory, at) => memory.u32(at)],
])('%s past the last address there can be is EFAULT: a register and an offset may lead there', (_, access) => {
  const memory = new GuestMemory([{ base: 0x4000_0000 as Gpa, bytes: 4096 }])
  expect(() => access(memory, (2 ** 52 + 4096) as Gpa)).toThrow('EFAULT')
})
