import { describe, expect, it } from 'vitest'
import { type Gpa, type GpaRange, gpa, PAGE_BYTES } from '../../memory/index.ts'
import { FormatError } from '../index.ts'
import { RamBlock } from './ram-block.ts'
import { RamMap } from './ram-map.ts'

const RAM = 0x4000_0000
const TIB = 2 ** 40
const placed = (name: string, base: number, bytes: number) => ({
  base: gpa(base),
  block: new RamBlock(name, bytes, { bytes: 0 }),
})
const range = (base: number, bytes: number): GpaRange => ({ base: gpa(base), bytes })

/** The addresses of the pages in its runs that some ranges touch. */
const pagesOf = (...ranges: GpaRange[]): number[] =>
  [...map().runs(ranges)].flatMap(({ base, pages }) => Array.from({ length: pages }, (_, i) => base + i * PAGE_BYTES))

/** Two blocks that touch, and one apart from them; told out of order. */
const map = () =>
  new RamMap(
    [placed('plugged', RAM + 0x8000, 0x2000), placed('second', RAM + 0x2000, 0x1000), placed('first', RAM, 0x2000)],
    [range(0x8000_0000, 0x1000)],
    7,
  )

describe('guest RAM', () => {
  it('is one range where blocks touch, in the order of addresses', () => {
    expect(map().ranges).toEqual([range(RAM, 0x3000), range(RAM + 0x8000, 0x2000)])
    expect(map().unlocated).toEqual([range(0x8000_0000, 0x1000)])
  })

  it.each([
    [RAM, 'first', 0],
    [RAM + 0x1fff, 'first', 1],
    [RAM + 0x2000, 'second', 0],
    [RAM + 0x9000, 'plugged', 1],
  ])('has the page of 0x%x in its block', (at, name, page) => {
    const found = map().find(gpa(at))
    expect([found.block.name, found.page]).toEqual([name, page])
  })

  it.each([RAM - 1, RAM + 0x3000, RAM + 0x7fff, RAM + 0xa000])('has nothing at 0x%x', (at) => {
    expect(() => map().find(at as Gpa)).toThrow(`0x${at.toString(16)} is not in guest RAM`)
  })

  it.each([
    ['a page', range(RAM + 0x1000, PAGE_BYTES), [0x1000]],
    ['two bytes on either side of a page end', range(RAM + 0x1fff, 2), [0x1000, 0x2000]],
    ['all of it and what is around it', range(0, 2 ** 40), [0, 0x1000, 0x2000, 0x8000, 0x9000]],
    ['what lies between', range(RAM + 0x3000, 0x5000), []],
    ['nothing', range(RAM + 0x1000, 0), []],
  ])('gives the pages that a range touches: %s', (_, wanted, pages) => {
    expect(pagesOf(wanted)).toEqual(pages.map((page) => RAM + page))
  })

  it('gives pages in the order of the ranges', () => {
    expect(pagesOf(range(RAM + 0x9000, 8), range(RAM + 8, 8))).toEqual([RAM + 0x9000, RAM])
  })

  it.each([
    ['none', [], 'found 0 bytes of it'],
    ['none but empty blocks', [placed('a', RAM, 0)], 'found 0 bytes of it'],
    ['more than 16 TiB', [placed('a', 0, 16 * TIB), placed('b', 16 * TIB, PAGE_BYTES)], 'found 17592186048512 bytes of it'],
    ['in two blocks at one place', [placed('a', RAM, 0x2000), placed('b', RAM + 0x1000, 0x2000)], '"b" in another one'],
  ])('is refused: %s', (_, blocks, message) => {
    const refused = () => new RamMap(blocks, [], 7)
    expect(refused).toThrow(FormatError)
    expect(refused).toThrow(message)
    expect(refused).toThrow('at byte 0x7')
  })

  it('may be 16 TiB', () => {
    expect(new RamMap([placed('a', 0, 16 * TIB)], [], 7).ranges).toEqual([range(0, 16 * TIB)])
  })
})
