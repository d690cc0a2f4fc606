import { describe, expect, it } from 'vitest'
import { bytesSource, FormatError, openSavedMachine } from '../index.ts'
import { Bytes, type StreamParts, someRegisters, writeStream } from '../testing/stream-writer.ts'

const GIB = 2 ** 30
const ram = 'mach-virt.ram'
const open = (bytes: Uint8Array) => openSavedMachine(bytesSource(bytes))

/** A stream with something put in before its RAM, or before what `text` begins. */
function withPart(
  part: Bytes,
  text = '\x01\0\0\0\x02\x03ram',
  parts: StreamParts = {},
): { readonly bytes: Uint8Array; readonly at: number } {
  const stream = Buffer.from(writeStream(parts))
  const at = stream.indexOf(text, 0, 'latin1')
  const bytes = new Bytes().raw(stream.subarray(0, at)).raw(part.done()).raw(stream.subarray(at)).done()
  return { bytes, at }
}
const subsection = (name: string, contents: Bytes) => new Bytes().u8(5).name(name).u32(1).raw(contents.done())
const words = (...values: readonly number[]) => values.reduce((out, value) => out.u32(value), new Bytes())
const command = (number: number, ...data: readonly number[]) =>
  new Bytes().u8(8).u16(number).u16(data.length).raw(Uint8Array.from(data))

describe('a stream', () => {
  it.each<[string, Bytes]>([
    ['a command', command(1, 1, 2, 3)],
    ['a command without data', command(2)],
    ['an advice of postcopy without sizes', command(3)],
    ['an advice of postcopy for pages as they are', command(3, ...new Array(6).fill(0), 0x10, 0, ...new Array(8).fill(0))],
    ['a UUID, wherever the configuration has it', subsection('configuration/uuid', words(1, 2, 3, 4))],
    ['a configuration of no capability', subsection('configuration/capabilities', words(0))],
  ])('may have %s', async (_, part) => {
    expect((await open(withPart(part).bytes)).registers).toEqual(someRegisters)
  })

  it.each<[string, Bytes, number, string]>([
    ['a postcopy package', command(7), 1, 'a complete stream, found a postcopy package'],
    ['pages of 64 KiB', subsection('configuration/target-page-bits', words(16)), 36, '12 target page bits, found 16'],
    [
      'something unknown of the configuration',
      subsection('configuration/else', words(1)),
      1,
      'a known subsection of the configuration, found "configuration/else"',
    ],
    ['a section of an unknown type', new Bytes().u8(9).u32(1), 0, 'a section or the end of the stream, found section type 0x9'],
    ['a piece of a section that was not begun', new Bytes().u8(2).u32(77), 0, 'a section that was started, found section 77'],
    ['the end of a section that was not begun', new Bytes().u8(3).u32(77), 0, 'a section that was started, found section 77'],
  ])('is refused with %s', async (_, part, offset, message) => {
    const { bytes, at } = withPart(part)
    const refused = open(bytes)
    await expect(refused).rejects.toThrow(FormatError)
    await expect(refused).rejects.toThrow(message)
    await expect(refused).rejects.toMatchObject({ offset: at + offset })
  })

  it('names its machine in 255 characters at most', async () => {
    const machine = (length: number) => `virt-${'9'.repeat(length - 5)}`
    expect((await open(writeStream({ machine: machine(255) }))).machine).toBe(machine(255))
    await expect(open(writeStream({ machine: machine(256) }))).rejects.toThrow(
      'at byte 0x9: expected the length of a machine name, found 256',
    )
  })

  it('may have 64 GiB of RAM without a record, and no page more', async () => {
    const blocks = (bytes: number) => ({ blocks: [{ name: ram, bytes }] })
    expect((await open(writeStream(blocks(64 * GIB)))).ranges).toEqual([{ base: GIB, bytes: 64 * GIB }])
    await expect(open(writeStream(blocks(64 * GIB + 4096)))).rejects.toThrow('expected records for 64.00000381469727 GiB of RAM')
    await expect(open(writeStream(blocks(16384 * GIB)))).rejects.toThrow('expected records for 16384 GiB of RAM')
    await expect(open(writeStream(blocks(16384 * GIB + 4096)))).rejects.toThrow('at most 16 TiB of RAM')
  })

  it.each([
    ['half a page', 0x800],
    ['more than all of them together', 0x10_1000],
  ])('is refused with a block of %s', async (_, bytes) => {
    const stream = writeStream()
    const at = Buffer.from(stream).indexOf(ram) - 1
    new DataView(stream.buffer).setBigUint64(at + 1 + ram.length, BigInt(bytes))
    await expect(open(stream)).rejects.toMatchObject({
      offset: at,
      expected: 'a RAM block of at most 1048576 bytes',
      found: `${bytes}`,
    })
  })

  it('may have pages of 1 GiB', async () => {
    const blocks = [
      { name: ram, bytes: GIB, pageSize: GIB },
      { name: 'virt.flash0', bytes: 0x1000 },
    ]
    expect((await open(writeStream({ blocks, postcopyAdvice: GIB + 0x1000 }))).blocks.map(({ bytes }) => bytes)).toEqual([
      GIB,
      0x1000,
    ])
  })

  it('is refused where a section ends as another one', async () => {
    const stream = writeStream()
    const at = Buffer.from(stream).lastIndexOf('\x7e\0\0\0\x04', undefined, 'latin1')
    stream[at + 4] = 5
    await expect(open(stream)).rejects.toMatchObject({ offset: at, expected: 'the footer of section 4', found: '0x7e and 5' })
  })
})
