import { describe, expect, it } from 'vitest'
import { type ByteSource, bytesSource, FormatError } from './index.ts'
import { latin1, MARGIN, StreamReader, shown } from './stream-reader.ts'

const STEP = 4 << 20
const WINDOW = STEP + MARGIN
const KIB = 1024
const FIRST = 4 * KIB
/** The windows between the first and those of the full length, which begin at the last. */
const growing = [16, 64, 256, 1024].map((step, i, steps) => {
  const start = KIB * steps.slice(0, i).reduce((sum, before) => sum + before, 0)
  return [start, start + step * KIB + MARGIN]
})
const GROWN = 1360 * KIB

/** Reads on until windows are large. */
async function grow(reader: StreamReader): Promise<void> {
  for (await reader.need(1, 'a byte'); reader.offset < GROWN; reader.skip(reader.limit - reader.at, 'what was read'))
    await reader.refill()
  await reader.refill()
}

/** Bytes that tell where they lie, with what is asked of them. */
function long(bytes: number) {
  const whole = new Uint8Array(bytes)
  const view = new DataView(whole.buffer)
  for (let at = 0; at + 4 <= bytes; at += 4096) view.setUint32(at, at)
  const asked: (readonly [number, number, Uint8Array | undefined])[] = []
  const source: ByteSource = {
    byteLength: bytes,
    slice: async (start, end, scratch) => {
      asked.push([start, end, scratch])
      return whole.subarray(start, end)
    },
  }
  return { source, asked }
}
const ranges = (asked: readonly (readonly [number, number, unknown])[]) => asked.map(([start, end]) => [start, end])

describe('a reader', () => {
  it('reads numbers and text, big-endian', async () => {
    const reader = new StreamReader(
      bytesSource(Uint8Array.of(9, 1, 0x80, 2, 0xff, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 65, 66, 3, 97, 32, 126)),
      1,
    )
    await reader.need(17, 'numbers')
    expect([reader.u8(), reader.u16(), reader.u32(), reader.u64(), reader.text(2)]).toEqual([
      1,
      0x8002,
      0xff000003,
      2 ** 32 + 2,
      'AB',
    ])
    expect([reader.offset, reader.left]).toEqual([18, 4])
    expect(await reader.name('a name')).toBe('a ~')
    expect([reader.offset, reader.left]).toEqual([22, 0])
  })

  it.each([[[1, 0x1f]], [[2, 65, 0x7f]], [[1, 0xe4]]])('refuses a name that is not printable: %j', async (bytes) => {
    const reader = new StreamReader(bytesSource(Uint8Array.of(0, 0, ...bytes)), 2)
    await expect(reader.name('the name of it')).rejects.toMatchObject({ offset: 3, expected: 'the name of it' })
  })

  it('refuses to go beyond the end', async () => {
    const reader = new StreamReader(bytesSource(new Uint8Array(8)), 2)
    await reader.need(6, 'six bytes')
    await expect(reader.need(7, 'seven bytes')).rejects.toThrow(FormatError)
    await expect(reader.need(7, 'seven bytes')).rejects.toMatchObject({ offset: 8, expected: 'seven bytes' })
    expect(() => reader.skip(7, 'those')).toThrow('at byte 0x8: expected those, found the end of the file')
    reader.skip(6, 'these')
    expect([reader.offset, reader.left]).toEqual([8, 0])
    await reader.need(0, 'nothing')
    expect(new StreamReader(bytesSource(new Uint8Array(2)), 5).left).toBe(0)
  })

  it('goes through a long source in windows that grow, the next large one asked for in time, in two rooms by turns', async () => {
    const bytes = GROWN + 2 * STEP + MARGIN + 4096
    const { source, asked } = long(bytes)
    const progress: number[][] = []
    const reader = new StreamReader(source, 0, (...done) => progress.push(done))
    for (let at = 0; at < bytes; at += 4096) {
      await reader.need(4, 'a number')
      if (reader.at >= reader.limit) await reader.refill()
      expect([reader.offset, reader.u32()]).toEqual([at, at])
      expect(reader.limit + MARGIN <= reader.bytes.length || reader.limit === reader.bytes.length).toBe(true)
      reader.skip(4092, 'a page')
    }
    expect(ranges(asked)).toEqual([
      [0, FIRST],
      ...growing,
      [GROWN, GROWN + WINDOW],
      [GROWN + STEP, GROWN + STEP + WINDOW],
      [GROWN + 2 * STEP, bytes],
    ])
    expect(progress).toEqual(asked.map(([, end]) => [end, bytes]))
    const rooms = asked.slice(-3).map(([, , room]) => room)
    expect(rooms.map((room) => room?.length)).toEqual([WINDOW, WINDOW, WINDOW])
    expect([rooms[0] === rooms[2], rooms[0] === rooms[1]]).toEqual([true, false])
  })

  it('reads little where it jumps, and needs no room for that', async () => {
    const { source, asked } = long(4 * STEP)
    const reader = new StreamReader(source)
    for (const [at, next] of [
      [0, STEP],
      [STEP, 3 * STEP],
      [3 * STEP, 4 * STEP - MARGIN],
    ] as const) {
      await reader.need(4, 'a number')
      expect([reader.offset, reader.u32()]).toEqual([at, at])
      reader.skip(next - at - 4, 'much')
    }
    expect(asked).toEqual([0, STEP, 3 * STEP].map((at) => [at, at + FIRST, undefined]))
    await reader.need(MARGIN, 'as much as can be asked for')
    expect(asked.at(-1)).toEqual([4 * STEP - MARGIN, 4 * STEP, undefined])
  })

  it('moves to what is behind the next window, without what lies between', async () => {
    const { source, asked } = long(GROWN + 5 * STEP)
    const reader = new StreamReader(source)
    await grow(reader)
    asked.length = 0
    reader.skip(3 * STEP, 'three windows')
    await reader.need(4, 'a number')
    expect([reader.offset, reader.u32()]).toEqual([GROWN + 3 * STEP, GROWN + 3 * STEP])
    expect(ranges(asked)).toEqual([[GROWN + 3 * STEP, GROWN + 3 * STEP + FIRST]])
  })

  it.each([
    ['to the last byte of the next window', 2 * STEP - 4, STEP],
    ['to the first behind it', 2 * STEP, 2 * STEP],
  ])('moves %s', async (_, to, start) => {
    const { source } = long(GROWN + 3 * STEP)
    const reader = new StreamReader(source)
    await grow(reader)
    reader.skip(to, 'some')
    await reader.refill()
    expect([reader.offset, reader.at]).toEqual([GROWN + to, to - start])
  })

  it('refuses a source that shrinks', async () => {
    const source = { byteLength: 3 * STEP, slice: async (start: number) => new Uint8Array(1000).subarray(start) }
    await expect(new StreamReader(source).need(4, 'four')).rejects.toMatchObject({
      offset: 1000,
      expected: 'a file that does not shrink while it is read',
    })
    const last = { byteLength: 100, slice: async (start: number) => new Uint8Array(50).subarray(start) }
    await expect(new StreamReader(last).need(60, 'sixty')).rejects.toMatchObject({ offset: 50 })
  })

  it('leaves the failure of what it has asked for in advance to whoever comes to it', async () => {
    const whole = new Uint8Array(GROWN + 3 * STEP)
    const source: ByteSource = {
      byteLength: whole.length,
      slice: async (start, end) => {
        if (start > GROWN) throw new RangeError('the disk is gone')
        return whole.subarray(start, end)
      },
    }
    const reader = new StreamReader(source)
    await grow(reader)
    reader.skip(STEP + MARGIN, 'a window')
    await expect(reader.need(4, 'four')).rejects.toThrow('the disk is gone')
  })
})

describe('bytes', () => {
  it('are text, one character each, however many', () => {
    const bytes = Uint8Array.from({ length: 20_000 }, (_, i) => i)
    expect(latin1(bytes)).toBe(Buffer.from(bytes).toString('latin1'))
    expect(latin1(new Uint8Array(0))).toBe('')
  })

  it.each([
    [[], 'nothing'],
    [[0x20, 0x41, 0x7e], '" A~"'],
    [[0x41, 0x1f], '41 1f'],
    [[0x7f], '7f'],
    [[0, 0x41], '00 41'],
  ])('are shown as text where all of them can be printed: %j', (bytes, text) => {
    expect(shown(Uint8Array.from(bytes))).toBe(text)
  })
})
