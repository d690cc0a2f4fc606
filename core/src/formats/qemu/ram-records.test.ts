import { describe, expect, it } from 'vitest'
import { PAGE_BYTES } from '../../memory/index.ts'
import { bytesSource, FormatError } from '../index.ts'
import { StreamReader } from '../stream-reader.ts'
import { Bytes } from '../testing/stream-writer.ts'
import { PageBuilder, Wanted } from './page-builder.ts'
import { PageIndex, RECORD } from './page-index.ts'
import { LEAF_BYTES } from './page-leaf.ts'
import { RamBlock } from './ram-block.ts'
import { RAM_SAVE_FLAG as FLAG, RamRecords } from './ram-records.ts'
import { RUN_BYTES } from './record-runs.ts'

const PAGES = 2 ** 21
const block = (name: string, pages = 4) => new RamBlock(name, pages * PAGE_BYTES, { bytes: 1 << 20 })
const page = new Uint8Array(PAGE_BYTES)
/** What comes before the records in the file. */
const BEFORE = 16

type Taken = readonly [block: string, page: number, kind: number, named: boolean, offset: number, payload: number, bytes: number]

/** Scans records of the blocks `a`, of four pages, and `b`, of 8 GiB. */
async function scanned(records: Bytes) {
  const file = new Bytes().raw(new Uint8Array(BEFORE)).raw(records.done()).done()
  const reader = new StreamReader(bytesSource(file), BEFORE)
  await reader.refill()
  const taken: Taken[] = []
  const ram = new RamRecords(reader, {
    record: (...[of, number, kind, named, offset, payload, bytes]) => {
      taken.push([of.name, number, kind, named, offset - BEFORE, payload, bytes])
    },
  })
  for (const one of [block('a'), block('b', PAGES)]) ram.blocks.set(one.name, one)
  const stop = ram.scan()
  return { stop, taken, at: reader.offset - BEFORE }
}
const head = (number: number, flags: number) => new Bytes().u64(number * PAGE_BYTES + flags)
const eos = () => head(0, FLAG.eos).done()

describe('the records of RAM', () => {
  it('tell the block, the page, how it is held and where', async () => {
    const records = head(1, FLAG.page).name('a').raw(page)
    const second = records.length
    records.u64(2 * PAGE_BYTES + FLAG.page + FLAG.continue).raw(page)
    const third = records.length
    records.u64(3 * PAGE_BYTES + FLAG.zero + FLAG.continue).u8(0)
    records
      .u64((PAGES - 1) * PAGE_BYTES + FLAG.zero)
      .name('b')
      .u8(7)
    records.u64(FLAG.hook).u64(FLAG.multifdFlush)
    const sixth = records.length
    records
      .u64(0x123456 * PAGE_BYTES + FLAG.xbzrle + FLAG.continue)
      .u8(1)
      .u16(3)
      .raw(page.subarray(0, 3))
    const seventh = records.length
    records
      .u64(FLAG.compressed + FLAG.continue)
      .u32(5)
      .raw(page.subarray(0, 5))
    const end = records.length
    const { stop, taken, at } = await scanned(records.raw(eos()))
    expect(taken).toEqual([
      ['a', 1, RECORD.page, true, 0, 10, PAGE_BYTES],
      ['a', 2, RECORD.page, false, second, second + 8, PAGE_BYTES],
      ['a', 3, RECORD.zero, false, third, third + 8, 1],
      ['b', PAGES - 1, RECORD.fill, true, third + 9, third + 9 + 10, 1],
      ['b', 0x123456, RECORD.xbzrle, false, sixth, sixth + 11, 3],
      ['b', 0, RECORD.compressed, false, seventh, seventh + 12, 5],
    ])
    expect([stop, at]).toEqual(['section ends', end + 8])
  })

  it('stop before the sizes of blocks, and where nothing is left', async () => {
    const sizes = await scanned(
      head(0, FLAG.zero)
        .name('a')
        .u8(0)
        .u64(0x5000 + FLAG.sizes)
        .u64(0),
    )
    expect([sizes.stop, sizes.at, sizes.taken.length]).toEqual(['sizes follow', 11, 1])
    const cut = await scanned(head(0, FLAG.zero).name('a').u8(0))
    expect([cut.stop, cut.at]).toEqual(['window ends', 11])
  })

  it.each<[string, Bytes, number, string]>([
    ['no block before', head(0, FLAG.page + FLAG.continue).raw(page), 0, 'a RAM block before its first page, found none'],
    ['no block before, a filled page', head(0, FLAG.zero + FLAG.continue).u8(0), 0, 'a RAM block before its first page'],
    ['another block', head(0, FLAG.zero).name('c').u8(0), 8, 'the name of a RAM block of this stream, found "c"'],
    ['a page behind the block', head(4, FLAG.zero).name('a').u8(0), 0, 'below 0x4000, the length of a, found 0x4000'],
    [
      'a next page behind the block',
      head(3, FLAG.page)
        .name('a')
        .raw(page)
        .u64(4 * PAGE_BYTES + 0x28)
        .raw(page),
      10 + PAGE_BYTES,
      'below 0x4000',
    ],
    ['unknown flags', head(0, 0x400).name('a').u8(0), 0, 'a RAM record, found unknown flags 0x400'],
    [
      'two kinds at once',
      head(0, FLAG.zero + FLAG.page)
        .name('a')
        .u8(0),
      0,
      'unknown flags 0xa',
    ],
    ['half a header', head(0, FLAG.zero).name('a').u8(0).u32(0), 15, 'a RAM record, found the end'],
    ['half a page', head(0, FLAG.page).name('a').raw(page.subarray(1)), 9 + PAGE_BYTES, 'the contents of a page, found the end'],
    ['nothing to fill with', head(0, FLAG.zero).name('a'), 10, 'the contents of a page, found the end'],
    ['another encoding', head(0, FLAG.xbzrle).name('a').u8(2).u16(0), 10, 'XBZRLE encoding 1, found 2'],
    ['no encoding', head(0, FLAG.xbzrle).name('a'), 10, 'XBZRLE encoding 1, found the end of the file'],
    ['half a length', head(0, FLAG.xbzrle).name('a').u8(1).u8(0), 12, 'the length of a page, found the end'],
    [
      'too long a difference',
      head(0, FLAG.xbzrle).name('a').u8(1).u16(4097).raw(page).u8(0),
      11,
      'at most 4096 bytes for a page, found 4097',
    ],
    [
      'too long a compressed page',
      head(0, FLAG.compressed).name('a').u32(8193).raw(new Uint8Array(8193)),
      10,
      'at most 8192 bytes for a page, found 8193',
    ],
    [
      'half a compressed page',
      head(0, FLAG.compressed).name('a').u32(9).raw(new Uint8Array(8)),
      22,
      'the contents of a page, found the end',
    ],
  ])('are refused with %s', async (_, records, offset, message) => {
    const refused = scanned(records)
    await expect(refused).rejects.toThrow(FormatError)
    await expect(refused).rejects.toThrow(message)
    await expect(refused).rejects.toMatchObject({ offset: BEFORE + offset })
  })

  it.each([
    ['a difference of 4096 bytes', head(0, FLAG.xbzrle).name('a').u8(1).u16(4096).raw(page)],
    ['a compressed page of 8192 bytes', head(0, FLAG.compressed).name('a').u32(8192).raw(page).raw(page)],
  ])('may hold %s', async (_, records) => {
    expect((await scanned(records)).taken.length).toBe(1)
  })
})

describe('a page that is built of its records', () => {
  /** Page 2 of block `a` after these records. */
  function built(records: readonly (readonly [kind: number, bytes: readonly number[]])[]): Uint8Array {
    const wanted = new Wanted()
    const a = block('a')
    wanted.add(0x1000 as never, block('b'), 1)
    wanted.add(0x2000 as never, a, 2)
    wanted.add(0x3000 as never, a, 3)
    const reader = new StreamReader(bytesSource(page))
    const builder = new PageBuilder(reader, wanted.blocks)
    for (const [kind, bytes] of records) {
      reader.bytes = Uint8Array.from([0xee, ...bytes, 0xee])
      builder.record(a, 1, kind, false, 7, 1, bytes.length)
      builder.record(a, 2, kind, false, 7, 1, bytes.length)
    }
    expect(wanted.pages.map(({ at, contents }) => [at, contents.length])).toEqual(
      [0x1000, 0x2000, 0x3000].map((at) => [at, PAGE_BYTES]),
    )
    expect([0, 2].map((n) => wanted.pages[n]!.contents.every((byte) => byte === 0))).toEqual([true, true])
    return wanted.pages[1]!.contents
  }
  const whole = (changes: Readonly<Record<number, number>>, fill = 0) => {
    const contents = new Uint8Array(PAGE_BYTES).fill(fill)
    for (const [at, value] of Object.entries(changes)) contents[Number(at)] = value
    return contents
  }
  const full = Array.from({ length: PAGE_BYTES }, (_, i) => (i * 7) & 0xff)

  it.each<[string, readonly (readonly [number, readonly number[]])[], Uint8Array]>([
    ['nothing', [], whole({})],
    ['a whole page', [[RECORD.page, full]], Uint8Array.from(full)],
    ['one value', [[RECORD.fill, [5]]], whole({}, 5)],
    [
      'zeros over something',
      [
        [RECORD.fill, [5]],
        [RECORD.zero, [0]],
      ],
      whole({}),
    ],
    ['a change at its beginning', [[RECORD.xbzrle, [0, 1, 9]]], whole({ 0: 9 })],
    ['a change at its end', [[RECORD.xbzrle, [0xff, 0x1f, 1, 9]]], whole({ 4095: 9 })],
    ['two changes', [[RECORD.xbzrle, [5, 2, 7, 8, 3, 1, 9]]], whole({ 5: 7, 6: 8, 10: 9 })],
    [
      'changes over one value',
      [
        [RECORD.fill, [5]],
        [RECORD.xbzrle, [0x80, 0x01, 1, 9]],
      ],
      whole({ 128: 9 }, 5),
    ],
    [
      'a difference of nothing',
      [
        [RECORD.fill, [5]],
        [RECORD.xbzrle, []],
      ],
      whole({}, 5),
    ],
  ])('holds %s', (_, records, expected) => {
    expect(built(records)).toEqual(expected)
  })

  it.each([
    ['is cut', [0, 3, 1, 1], '3 bytes at 0'],
    ['goes beyond the page', [0xff, 0x1f, 2, 1, 1], '2 bytes at 4095'],
    ['begins behind the page', [0x80, 0x20, 1, 1], '1 bytes at 4096'],
  ])('is refused where a difference %s', (_, bytes, found) => {
    expect(() => built([[RECORD.xbzrle, bytes]])).toThrow(
      `at byte 0x7: expected an XBZRLE difference inside its page, found ${found}`,
    )
  })

  it('is refused where a record is no zlib data', () => {
    expect(() => built([[RECORD.compressed, [1]]])).toThrow('at byte 0x7: expected data compressed with zlib')
  })
})

describe('the index of a block', () => {
  it('knows the last record of each page', () => {
    const index = new PageIndex({ bytes: 2 * LEAF_BYTES })
    index.set(5, 100, RECORD.page, false)
    index.set(5, 2 ** 48 + 3, RECORD.compressed, true)
    index.set(4096, 77, RECORD.zero, false)
    const of = (page: number) => [index.kind(page), index.offset(page), index.named(page)]
    expect([of(5), of(4096), of(0), of(4101), of(9000)]).toEqual([
      [RECORD.compressed, 2 ** 48 + 3, true],
      [RECORD.zero, 77, false],
      [0, 0, false],
      [0, 0, false],
      [0, 0, false],
    ])
  })

  it('takes no more memory than it may, all blocks together', () => {
    const budget = { bytes: 4 * RUN_BYTES }
    const [one, other] = [new PageIndex(budget), new PageIndex(budget)]
    one.set(0, 1, RECORD.page, false)
    one.set(4096, 1, RECORD.page, false)
    expect(budget.bytes).toBe(2 * RUN_BYTES)
    one.set(0, 9, RECORD.page, false)
    other.set(9, 1, RECORD.page, false)
    expect(budget.bytes).toBe(0)
    expect(() => one.set(2 * 4096, 0x55, RECORD.page, false)).toThrow('at byte 0x55: expected records that cover RAM')
  })

  it('takes 8 KiB for a GiB of pages that come one after the other', () => {
    const budget = { bytes: 2 ** 13 }
    const index = new PageIndex(budget)
    for (let page = 0; page < 2 ** 18; page++) index.set(page, 100 + page * 9, RECORD.zero, false)
    expect([index.offset(0), index.offset(2 ** 18 - 1), index.kind(2 ** 17)]).toEqual([100, 100 + (2 ** 18 - 1) * 9, RECORD.zero])
    expect(budget.bytes).toBe(0)
  })
})

describe('a block', () => {
  it('has as many pages as its bytes touch', () => {
    expect([0, 1, 4096, 4097].map((bytes) => new RamBlock('a', bytes, { bytes: 0 }).pages)).toEqual([0, 1, 1, 2])
  })

  it('has the contents of a page behind the header of its record, and behind its name', () => {
    const one = block('four')
    one.index.set(1, 100, RECORD.page, false)
    one.index.set(2, 100, RECORD.page, true)
    expect([1, 2, 3].map((n) => [one.kind(n), one.contentsOffset(n)]).slice(0, 2)).toEqual([
      [RECORD.page, 108],
      [RECORD.page, 113],
    ])
    expect(one.kind(3)).toBe(0)
  })

  it('of a mapped-ram file has them at their own place, if their bit is set', () => {
    const mapped = { bitmap: Uint8Array.of(0b10, 0b1), bitmapOffset: 0, pagesOffset: 0x10_0000 }
    const one = new RamBlock('a', 16 * PAGE_BYTES, { bytes: 0 }, mapped)
    expect([0, 1, 8, 9].map((n) => one.kind(n))).toEqual([RECORD.zero, RECORD.page, RECORD.page, RECORD.zero])
    expect(one.contentsOffset(9)).toBe(0x10_9000)
  })
})
