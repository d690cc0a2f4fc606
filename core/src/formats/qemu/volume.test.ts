import { describe, expect, it } from 'vitest'
import { type Gpa, gpa } from '../../memory/index.ts'
import { type ByteSource, bytesSource, FormatError, keepsLength, openSavedMachine, type SavedMachine } from '../index.ts'
import { edited, editsOf } from '../testing/edited.ts'
import { fixtureBytes } from '../testing/fixtures.ts'
import { joinedBytes } from '../testing/packed-files.ts'
import { writeQcow2Disk } from '../testing/qcow2-writer.ts'
import { Bytes, type StreamParts, someRegisters, writeStream } from '../testing/stream-writer.ts'

const RAM = gpa(0x4000_0000)
const MEBIBYTE = 2 ** 20
const page = new Uint8Array(4096).fill(0x5a)
const ram = 'mach-virt.ram'
const parts: StreamParts = {
  blocks: [{ name: ram, bytes: 0x4000 }],
  sections: [
    [
      { block: ram, page: 1, fill: 3 },
      { page: 2, contents: page },
    ],
  ],
}
const stream = writeStream(parts)
const open = (bytes: Uint8Array) => openSavedMachine(bytesSource(bytes))

/** A volume that begins with the bytes. */
const volume = (bytes: Uint8Array, length = 12 * MEBIBYTE, rest: Uint8Array = new Uint8Array(0)) => {
  const whole = new Uint8Array(length)
  whole.set(rest.subarray(bytes.length), bytes.length)
  whole.set(bytes)
  return whole
}

async function contentsOf(machine: SavedMachine): Promise<Uint8Array> {
  const memory = machine.memory()
  await machine.load(memory, machine.ranges)
  return memory.read(RAM, 0x4000)
}

/** A stream of a device whose state the guest has chosen. */
const withState = (state: Uint8Array, more: StreamParts = {}): Uint8Array =>
  writeStream({
    ...parts,
    ...more,
    devices: [{ name: 'nvram', description: { fields: [{ name: 'bytes', type: 'buffer', size: state.length }] }, state }],
  })
const description = (devices: readonly object[], pageSize = 4096) => {
  const json = JSON.stringify({ page_size: pageSize, devices })
  return new Bytes().u8(0).u8(6).u32(json.length).text(json).done()
}

describe('a volume that begins with a stream', () => {
  it.each([
    ['zeros', volume(stream)],
    ['zeros, little of them', volume(stream, stream.length + 1)],
    ['what was there before', volume(stream, 12 * MEBIBYTE, new Uint8Array(12 * MEBIBYTE).fill(0x7b))],
    [
      'an earlier stream of this VM',
      volume(stream, 12 * MEBIBYTE, writeStream({ ...parts, sections: [...parts.sections!, []] })),
    ],
    ['an earlier stream of another VM', volume(stream, 12 * MEBIBYTE, withState(new Uint8Array(5000).fill(1)))],
    ['the end of one, with its last byte', volume(stream, 2 * MEBIBYTE, withState(new Uint8Array(MEBIBYTE)))],
    ['a description alone', volume(stream, stream.length + 70, joinedBytes(stream, description([]), new Uint8Array(9)))],
    ['zeros, as the disk of an image', writeQcow2Disk(stream, 12 * MEBIBYTE)],
  ])('is that VM, whatever follows: %s', async (_, bytes) => {
    const machine = await open(bytes)
    expect(machine.registers).toEqual(someRegisters)
    expect(Buffer.compare(await contentsOf(machine), await contentsOf(await open(stream)))).toBe(0)
  })

  it('is not misled by a description that a guest put into the state of a device', async () => {
    for (const planted of [
      description([]),
      description([{ name: 'arm_gicv3', instance_id: 0, fields: [] }]),
      description([], 16384),
      new Bytes().u8(0).u8(6).u32(0xffff_ffff).text('{').done(),
      new Bytes().u8(0).u8(6).u32(9).text('{"device').done(),
    ]) {
      const bytes = withState(joinedBytes(planted, new Uint8Array(100)))
      expect((await open(volume(bytes))).registers).toEqual(someRegisters)
    }
  })

  it('may have devices whose state comes before RAM', async () => {
    const description = { fields: [{ name: 'a', type: 'uint32', size: 4 }] }
    const early = ['first', 'second'].map((name) => ({ name, description, state: Uint8Array.of(1, 2, 3, 4) }))
    const bytes = writeStream({ ...parts, early })
    expect((await open(volume(bytes))).registers).toEqual((await open(bytes)).registers)
    const wrong = bytes.findIndex((_, at) => Buffer.from(bytes.subarray(at, at + 6)).toString('latin1') === 'second')
    const renamed = volume(bytes.with(wrong, 0x53))
    await expect(open(renamed)).rejects.toThrow(FormatError)
  })

  it('is refused without its description', async () => {
    const end = Buffer.from(stream).lastIndexOf('{"page_size"')
    for (const length of [end, stream.length - 1]) {
      const cut = open(volume(stream.subarray(0, length)))
      await expect(cut).rejects.toThrow(FormatError)
      await expect(cut).rejects.toThrow('the device description (JSON) that ends a QEMU stream')
    }
  })

  it('may be the disk of an image, as qemu-img made one', async () => {
    const machine = await open(fixtureBytes('numa-volume.qcow2'))
    expect(machine.registers).toEqual((await open(fixtureBytes('numa.mig'))).registers)
    expect([machine.format, machine.writeBack]).toEqual([
      'QEMU stream on the disk of a qcow2 image',
      { to: 'nowhere', because: 'qcow2' },
    ])
  })

  it('is not read to its end', async () => {
    const real = fixtureBytes('numa.mig')
    const byteLength = 2 ** 36
    let read = 0
    const source: ByteSource = {
      byteLength,
      slice: async (start, end) => {
        read += end - start
        const bytes = new Uint8Array(end - start)
        if (start < real.length) bytes.set(real.subarray(start, end))
        return bytes
      },
    }
    const machine = await openSavedMachine(source)
    expect(machine.registers).toEqual((await open(real)).registers)
    expect(read).toBeLessThan(20 * MEBIBYTE)
  })
})

describe('a change of a volume', () => {
  const whole = volume(stream, 2 * MEBIBYTE, new Uint8Array(2 * MEBIBYTE).fill(0x77))
  const changed = new Uint8Array(4096).map((_, i) => i)

  it('leaves what follows the stream alone where nothing grows', async () => {
    const machine = await open(whole)
    const pages = new Map([[(RAM + 0x2000) as Gpa, changed]])
    expect([machine.writeBack, keepsLength(await editsOf(machine, pages))]).toEqual([{ to: 'files' }, true])
    const result = await edited(machine, pages)
    expect(Buffer.compare(result.subarray(stream.length), whole.subarray(stream.length))).toBe(0)
    expect((await contentsOf(await open(result))).subarray(0x2000, 0x3000)).toEqual(changed)
  })

  it('that makes the stream longer keeps the length of the volume', async () => {
    const machine = await open(whole)
    const result = await edited(machine, new Map([[(RAM + 0x1000) as Gpa, changed]]))
    expect(result.length).toBe(whole.length)
    expect((await contentsOf(await open(result))).subarray(0x1000, 0x3000)).toEqual(joinedBytes(changed, page))
  })

  it('that does not fit makes it longer', async () => {
    const narrow = volume(stream, stream.length + 100)
    const result = await edited(await open(narrow), new Map([[(RAM + 0x1000) as Gpa, changed]]))
    expect(result.length).toBe(stream.length + 4095)
    expect((await contentsOf(await open(result))).subarray(0x1000, 0x2000)).toEqual(changed)
  })
})
