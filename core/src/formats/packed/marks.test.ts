import { describe, expect, it } from 'vitest'
import type { Mark } from './decoder.ts'
import { Marks } from './marks.ts'

const MEBIBYTE = 2 ** 20
const mark = (mebibytes: number, kept = 10): Mark => ({
  offset: mebibytes * MEBIBYTE,
  kept,
  resume: () => {
    throw new Error('nobody goes on from here')
  },
})
const place = (marks: Marks, mebibytes: number) => marks.before(mebibytes * MEBIBYTE).offset / MEBIBYTE

describe('marks', () => {
  it('lead to the last one before a place', () => {
    const marks = new Marks(mark(0), 100)
    for (const at of [8, 16, 24]) marks.add(mark(at))
    expect([0, 7, 8, 15, 16, 900].map((at) => place(marks, at))).toEqual([0, 0, 8, 8, 16, 24])
  })

  it('go farther apart where they take too much, and the beginning always stays', () => {
    const marks = new Marks(mark(0, 1000), 45)
    expect(marks.step).toBe(8 * MEBIBYTE)
    for (let at = 8; at <= 80; at += 8) if (at * MEBIBYTE - marks.last.offset >= marks.step) marks.add(mark(at))
    expect(marks.step).toBe(32 * MEBIBYTE)
    expect(Array.from({ length: 11 }, (_, i) => place(marks, i * 8))).toEqual([0, 0, 0, 0, 32, 32, 32, 32, 64, 64, 64])
  })

  it('are none but the beginning where one alone takes too much', () => {
    const marks = new Marks(mark(0), 45)
    for (let at = 8; at <= 800; at *= 2) marks.add(mark(at, 50))
    expect(place(marks, 900)).toBe(0)
  })
})
