import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesSource } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import { flat } from '../testing/dump-writer.ts'
import { unflattened } from './flattened.ts'

const bytesOf = async (file: Uint8Array) => {
  const source = await unflattened(bytesSource(file))
  return source.slice(0, source.byteLength)
}

describe('a flattened file', () => {
  it('becomes what its records leave, whatever they overwrite and in whatever order they come', async () => {
    const record = fc.tuple(fc.nat(300), fc.uint8Array({ minLength: 1, maxLength: 80 }))
    await fc.assert(
      fc.asyncProperty(
        fc.array(record, { minLength: 1, maxLength: 40 }),
        fc.nat(300),
        fc.nat(300),
        async (records, one, other) => {
          const whole = new Uint8Array(Math.max(...records.map(([at, bytes]) => at + bytes.length)))
          for (const [at, bytes] of records) whole.set(bytes, at)
          const source = await unflattened(bytesSource(flat(records)))
          expect(source.byteLength).toBe(whole.length)
          const [start, end] = [Math.min(one, other, whole.length), Math.min(Math.max(one, other), whole.length)]
          expect(Buffer.compare(await source.slice(start, end), whole.subarray(start, end))).toBe(0)
        },
      ),
    )
  })

  it('is gone through by the heads of its records alone', async () => {
    const large = new Uint8Array(1 << 20).fill(7)
    const file = flat([0, 1, 2, 3].map((n) => [n * large.length, large]))
    let read = 0
    const source = {
      byteLength: file.length,
      slice: async (start: number, end: number) => {
        read += end - start
        return file.subarray(start, end)
      },
    }
    expect((await unflattened(source)).byteLength).toBe(4 * large.length)
    expect(read).toBeLessThan(40_000)
  })

  const sound = flat([
    [0, Uint8Array.of(1, 2, 3)],
    [8, Uint8Array.of(4)],
  ])

  it('is refused wherever it is cut, and read whatever follows its end', async () => {
    for (let end = 4095; end < sound.length; end++) {
      await expect(unflattened(bytesSource(sound.subarray(0, end)))).rejects.toThrow(FormatError)
    }
    expect([...(await bytesOf(Uint8Array.of(...sound, 9)))]).toEqual([1, 2, 3, 0, 0, 0, 0, 0, 4])
  })

  const changed = (at: number, ...bytes: readonly number[]) => {
    const file = sound.slice()
    file.set(bytes, at)
    return file
  }
  it.each([
    ['of another type', changed(23, 2), 'at byte 0x10: expected type 1 of a flattened dump, found 2'],
    ['of another version', changed(31, 2), 'at byte 0x18: expected version 1 of a flattened dump, found 2'],
    ['with a record before the beginning', changed(4096, 0xff), 'at byte 0x1000: expected the place of a record, or -1'],
    ['with a record that is too far', changed(4096, 0x7f), 'at byte 0x1000: expected the place of a record, or -1'],
    ['with a record of no length', changed(4111, 0), 'at byte 0x1008: expected the length of a record, found 0'],
    ['with a record of less', changed(4104, 0x80), 'at byte 0x1008: expected the length of a record, found -'],
    ['with a record that is longer than the file', changed(4110, 1), 'expected 259 bytes of a record, found the end of the file'],
  ])('%s is refused', async (_, file, message) => {
    await expect(unflattened(bytesSource(file))).rejects.toThrow(message)
  })
})
