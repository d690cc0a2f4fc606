import { RECORD } from '../../core/src/formats/qemu/page-index.ts'

/** The records of pages in the order of a stream: the page, and whether it is zeros. */
export type Mix = (pages: number) => Iterable<readonly [page: number, isZeros: boolean]>

/** What a record of either kind is, and takes in a stream, the block's name not among it. */
export const kindOf = (isZeros: boolean): number => (isZeros ? RECORD.zero : RECORD.page)
export const lengthOf = (isZeros: boolean): number => (isZeros ? 9 : 4104)

/**
 * How many pages with contents and how many of zeros follow one another, by turns, in the RAM of a Linux guest of 96 MiB that had booted and
 * worked for a while: measured in its stream.
 */
const GUEST = `
274 6 4151 1 1916 2 1569 1 5 1 6 2 1 1 256 80 17 1 2 1 1 2 129 1 1 1 1 3 23 3 10 3 1 1 1 2 1 1 1 2 1 1 2 2 3 3 1 1 1 3 1
2 4 3 1 2 8 4 4 7 9 3 1 1 1 1 2 1 3 2 1 5 1 1 1 2 1 1 2 2 24 1 2 3 26 1 1 1 1 1 35 1 5 1 11 2 20 1 5 1 31 1 32 1 16 7 11
3 12 4 20 4 1 1 21 1 2 1 8 3 2 1 1 1 8 4 1 2 2 3 4 2 1 1 2 6 4 1 1 3 1 1 4 1 4 1 1 1 1 2 1 7 2 1 1 5 1 1 1 1 1 1 2 3 2 2
2 6 1 1 5 3 3 1 3 3 1 2 1 10 8 3 6 1 39 2 27 3 1 1 1 1 21 2 4 8 4 1 20 2 1 3 1 12 1 3 57 1 4 2 4 2 36 6 3 2 2 2 2 2 6 4
1 4 4 2 11 3 64 5 1 1 5 3 5 1 3 1 1 2 1 3 37 3 14 3 14 1 3 1 10 2 3 2 25 1 1 2 2 1 1 2 4 2 23 4 6 1 8 1 2 2 2 1 3 1 4 11
3 1 9 1 14 1 8 2 2 1 3 2 2 1 1 4 1 1 3 1 9 1 3 1 1 1 1 1 1 1 1 3 1 1 2 4 2 3 1 2 16 1 1 2 3 4 2 1 53 3 8 2 7 2 1 1 2 1 1
1 3 4 1 2 15 7 2 1 1 3 10 4 1 1 4 2 1 4 4 4 1 1 1 1 1 1 7 1 3 1 63 2 1 1 1 1 10 2 12 7 4 1 10 1 8 1 5 1 1 1 5 1 1 1 5 1
21 4 8 3 2 1 2 1 4 1 9 1 17 7 16 16 113 2 1 1 5 4 2 1 53 76 4 20 2 4 780 3 5 10 1 2 3 1 12 24 5 3 3 1 2 1 1 3 1 5 3 1 4
2 45 4 9 15 3 1 2 1 6 4 1 33 24 5 1 10 208 512 514 254 290 2 4 9 8 1 231 24 105 3 1 3 24 15 1 15 1 15 16 32 1 1 1 1 25 1
25 1 4 2 3 2 2 2 2 2 2 2 2 2 3 2 23 1 2 2 2 2 2 2 2 2 2 2 2 2 2 2 3 1 7 1 4 1 2 3 3 1 2 1 2 2 3 2 2 2 33 1 1 2 3 2 3 2 2
2 2 2 2 2 2 2 1 2 7 8 1 2 5 2 4 1 13 2 10 1 53 3 14 2 2 2 2 2 6 2 458 6 16 632 497 1 14 96 45 2 11 2 15 1 3 1 4 1 11 1 5
2 4 2 2 2 3 2 3 2 6 2 2 1 16 9 7 1 16 8 6 2 7 1 3 2 6 1 3 2 11 2 40 2 13 2 17 24 2 6 7 17 96 1 29 2 16 8 8 80 15 1 4 1 3
1 9 3 16 1 35 2 26 1 5 2 10 4 1 2 4 14 7 3 4 1 6 2 4 2 5 1 2 2 16 1 7 1 63 1 27 1 1 5 6 64 9 2 4 1 24 1 2 1 15 2 4 1 30
1 3 1 10 2 4 2 4 1 40 1 18 2 1 1 188 1 15 1 15 1 17 2 261 264 24 1 2 1 91 1 7 1 17 3 29 2 11 1 4 3 12 3 1 1 42 3 2 5 1 3
1 13 7 2 28 1 1 1 31 1 24 1 1 1 1 1 1 1 5 1 5 1 3 3 3 1 2 2 1 1 2 4 1 4 2 1 1 1 5 1 1 1 7 4 2 1 3 1 2 3 1 1 5 1 2 1 16 1
21 11 1 8 2 2 9 10 1 7 6 2 3 4546 578 1 167 128 27 1 5 7 1 1 8 1 10 1 5 7 1 1 8 1 14 511 52
`
  .trim()
  .split(/\s+/)
  .map(Number)

function* inOrder(pages: number, isZeros: (page: number) => boolean): Iterable<readonly [page: number, isZeros: boolean]> {
  for (let page = 0; page < pages; page++) yield [page, isZeros(page)]
}

/** Two numbers that look drawn at random for a page, from 0 to 1. */
function drawn(page: number, which: number): number {
  let state = Math.imul(page + 1, 0x9e3779b1) ^ Math.imul(which, 0x85ebca6b)
  state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d)
  state = Math.imul(state ^ (state >>> 12), 0x297a2d39)
  return ((state ^ (state >>> 15)) >>> 0) / 2 ** 32
}

function guestPages(): readonly boolean[] {
  return GUEST.flatMap((count, i) => new Array<boolean>(count).fill(i % 2 === 1))
}

export const mixes: Readonly<Record<string, Mix>> = {
  'contents only': (pages) => inOrder(pages, () => false),
  'as in a real guest': (pages) => {
    const guest = guestPages()
    return inOrder(pages, (page) => guest[page % guest.length]!)
  },
  'zeros or contents, at random': (pages) => inOrder(pages, (page) => drawn(page, 0) < 0.5),
  'the same, a tenth sent again, a hundredth once more': function* (pages) {
    yield* inOrder(pages, (page) => drawn(page, 0) < 0.5)
    for (const part of [0.1, 0.01]) {
      for (let page = 0; page < pages; page++) if (drawn(page, part * 100) < part) yield [page, false]
    }
  },
  // No VMM sends pages so: the worst that an index may be asked to keep.
  'in no order': function* (pages) {
    for (let i = 0; i < pages; i++) yield [(i & ~4095) | ((i * 1365) & 4095), false]
  },
}
