import { describe, expect, it } from 'vitest'
import { type Gpa, PAGE_BYTES } from '../../memory/index.ts'
import { type ByteSource, bytesSource } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import { type OpenOptions, openSavedMachine, type SavedMachine } from '../index.ts'
import { type DumpedGuest, type KdumpOptions, writeKdump } from '../testing/dump-writer.ts'
import { someRegisters } from '../testing/stream-writer.ts'

const RAM = 0x4000_0000
const BLOCK = 0x1_0000
const found: OpenOptions = { findRegisters: async () => someRegisters }
const open = (file: Uint8Array, options = found) => openSavedMachine(bytesSource(file), options)

/** Pages that can be packed, but for the third block, which cannot, and the fourth, which is zeros. */
const contents = new Uint8Array(5 * BLOCK)
for (let at = 0; at < contents.length; at++) contents[at] = at % 4096 < 2048 ? (at >> 12) & 0xff : 0
for (let at = 2 * BLOCK; at < 3 * BLOCK; at++) contents[at] = Math.imul(at, 2654435761) >>> 24
contents.fill(0, 3 * BLOCK, 4 * BLOCK)

const guest: DumpedGuest = {
  ranges: [
    { base: RAM as Gpa, bytes: 2 * BLOCK },
    { base: (RAM + 0x10_0000) as Gpa, bytes: 3 * BLOCK },
  ],
  vcpus: 2,
  read: (at, bytes) => {
    const start = at < RAM + 0x10_0000 ? at - RAM : at - RAM - 0x10_0000 + 2 * BLOCK
    return contents.slice(start, start + bytes)
  },
}

async function pagesOf(machine: SavedMachine): Promise<Uint8Array> {
  const memory = machine.memory()
  await machine.load(memory, machine.ranges)
  return new Uint8Array(Buffer.concat(machine.ranges.map(({ base, bytes }) => memory.read(base, bytes))))
}

const ways: readonly KdumpOptions[] = (['raw', 'zlib', 'lzo', 'snappy', 'zstd'] as const).flatMap((packing) => [
  { packing },
  { packing, flattened: true },
  { packing, blockBytes: 4096, version: 5 },
])

describe('a kdump file', () => {
  it.each(ways)('has the RAM of the machine: %o', async (options) => {
    const machine = await open(writeKdump(guest, options))
    expect(machine).toMatchObject({ format: 'QEMU kdump file', ranges: guest.ranges, registers: someRegisters })
    expect(Buffer.compare(await pagesOf(machine), contents)).toBe(0)
    expect(machine.missingPages(machine.ranges)).toEqual([])
  })

  it('is not written back, a case of it is', async () => {
    const machine = await open(writeKdump(guest))
    expect(machine.writeBack).toEqual({ to: 'nowhere', because: 'kdump' })
    await expect(machine.edits(new Map())).rejects.toThrow(RangeError)
  })

  it('tells who looks for the registers how many vCPUs there are, and is refused where nobody does', async () => {
    let told: number | undefined
    await open(writeKdump(guest), {
      findRegisters: async ({ vcpus }) => {
        told = vcpus
        return someRegisters
      },
    })
    expect(told).toBe(2)
    await expect(open(writeKdump(guest), {})).rejects.toThrow('expected a saved VM with registers, found a dump')
  })

  it('without pages of zeros has them, and without others says which', async () => {
    const pfn = (page: number) => page === RAM / BLOCK + 1
    const isZero = (page: number) => page === (RAM + 0x10_0000) / BLOCK + 1
    const zeros = await open(writeKdump(guest, { without: { level: 1, pfn: isZero } }))
    expect(Buffer.compare(await pagesOf(zeros), contents)).toBe(0)
    expect(zeros.missingPages(zeros.ranges)).toEqual([])
    const partial = await open(writeKdump(guest, { without: { level: 31, pfn } }))
    const missing = Array.from({ length: BLOCK / PAGE_BYTES }, (_, n) => RAM + BLOCK + n * PAGE_BYTES)
    expect(partial.missingPages(partial.ranges)).toEqual(missing)
    expect((await pagesOf(partial)).subarray(BLOCK, 2 * BLOCK).every((byte) => byte === 0)).toBe(true)
  })

  it('of 64 GiB is read where it is asked for, and little else', async () => {
    const { source, asked } = sparse(2 ** 36)
    const machine = await openSavedMachine(source, found)
    expect(machine.ranges).toEqual([{ base: RAM, bytes: 2 ** 36 - RAM }])
    const opened = asked()
    expect(opened).toBeLessThan(300_000)
    const memory = machine.memory()
    await machine.load(memory, [
      { base: (RAM + 4096) as Gpa, bytes: 8192 },
      { base: (2 ** 35 + 8192) as Gpa, bytes: 4096 },
    ])
    expect([memory.u8((RAM + 4096) as Gpa), memory.u8((2 ** 35 + 8192) as Gpa)]).toEqual([7, 7])
    expect(asked() - opened).toBeLessThan(3 * BLOCK)
  })
})

/** A file of that much RAM, all of whose pages are one that lies in it. */
function sparse(bytes: number): { readonly source: ByteSource; asked(): number } {
  const small = writeKdump(
    { ...guest, ranges: [{ base: RAM as Gpa, bytes: BLOCK }], read: () => new Uint8Array(BLOCK).fill(7) },
    { packing: 'raw' },
  )
  const header = small.slice(0, 2 * BLOCK)
  const view = new DataView(header.buffer)
  const [first, end] = [RAM / BLOCK, bytes / BLOCK]
  const bitmapBytes = Math.ceil(end / 8 / BLOCK) * BLOCK
  const descriptors = 2 * BLOCK + 2 * bitmapBytes
  const page = descriptors + 24 * (end - first)
  view.setUint32(436, (2 * bitmapBytes) / BLOCK, true)
  view.setBigUint64(BLOCK + 96, BigInt(end), true)
  let read = 0
  const byteAt = (at: number): number => {
    if (at < header.length) return header[at]!
    const inBitmap = (at - header.length) % bitmapBytes
    if (at < descriptors) return inBitmap >= first / 8 && inBitmap < end / 8 ? 0xff : 0
    if (at >= page) return 7
    const word = [page, BLOCK][Math.floor(((at - descriptors) % 24) / 8)] ?? 0
    return Math.floor(word / 2 ** (8 * (at % 8))) & 0xff
  }
  const slice = async (start: number, until: number) => {
    read += until - start
    return Uint8Array.from({ length: until - start }, (_, i) => byteAt(start + i))
  }
  return { source: { byteLength: page + BLOCK, slice }, asked: () => read }
}

describe('a damaged kdump file', () => {
  const sound = writeKdump({ ...guest, ranges: [guest.ranges[0]!] })
  const descriptors = 4 * BLOCK

  it('is refused wherever it is cut, as soon as what is missing is needed', async () => {
    for (let end = 0; end < sound.length; end += end < 480 ? 7 : 8191) {
      const cut = async () => pagesOf(await open(sound.subarray(0, end)))
      await expect(cut()).rejects.toThrow(FormatError)
    }
  })

  const word = (at: number, value: number | bigint) => {
    const file = sound.slice()
    const view = new DataView(file.buffer)
    if (typeof value === 'bigint') view.setBigInt64(at, value, true)
    else view.setUint32(at, value, true)
    return file
  }
  const machineNamed = (name: string) => {
    const file = sound.slice()
    file.set(new TextEncoder().encode(`${name}\0`), 272)
    return file
  }
  it.each([
    ['of another version', word(8, 7), 'at byte 0x8: expected version 1 to 6 of a kdump file, found 7'],
    ['of another machine', machineNamed('x86_64'), 'at byte 0x110: expected a dump of an arm64 machine, found one of "x86_64"'],
    ['that was not finished', word(424, 9), 'at byte 0x1a8: expected a dump that is whole, found one that was not finished'],
    ['of odd blocks', word(428, 12345), 'at byte 0x1ac: expected blocks of 4, 16 or 64 KiB, found 12345 bytes'],
    ['without a second header', word(432, 0), 'at byte 0x1b0: expected the blocks of the second header, found 0'],
    ['without bitmaps', word(436, 0), 'at byte 0x1b4: expected the blocks of two bitmaps, found 0'],
    ['with bitmaps of any size', word(436, 0xffff_fffe), 'at byte 0x1b4: expected the blocks of two bitmaps, found 4294967294'],
    ['with bitmaps that it does not have', word(436, 64), 'expected the bitmaps of a kdump file, found the end of the file'],
    ['that is a part', word(BLOCK + 12, 1), 'at byte 0x1000c: expected a dump in one file, found one of several parts'],
    ['without RAM', word(BLOCK + 96, 0n), 'at byte 0x20000: expected guest RAM, found 0 bytes of it'],
    [
      'with a page outside',
      word(descriptors, 2n ** 40n),
      'at byte 0x40000: expected a page inside the file, found one at 0x10000000000',
    ],
    ['with a page before', word(descriptors, -1n), 'at byte 0x40000: expected a page inside the file, found one at 0x-1'],
    ['with a page of nothing', word(descriptors + 8, 0), 'at byte 0x40008: expected at most 65536 bytes of a page, found 0'],
    [
      'with a page of more',
      word(descriptors + 8, BLOCK + 1),
      'at byte 0x40008: expected at most 65536 bytes of a page, found 65537',
    ],
    ['with a page that is no page', word(descriptors + 12, 0), 'at byte 0x40008: expected 65536 bytes of a page'],
    [
      'packed in another way',
      word(descriptors + 12, 8),
      'at byte 0x4000c: expected a page that is packed in a way that is known, found flags 0x8',
    ],
    ['packed otherwise than it says: LZO', word(descriptors + 12, 2), 'expected a page of 65536 bytes packed with LZO'],
    ['packed otherwise than it says: snappy', word(descriptors + 12, 4), 'expected a page of 65536 bytes packed with snappy'],
    ['packed otherwise than it says: zstd', word(descriptors + 12, 0x20), 'expected a zstd frame'],
  ])('%s is refused', async (_, file, message) => {
    await expect(open(file).then(pagesOf)).rejects.toThrow(message)
    await expect(open(file).then(pagesOf)).rejects.toThrow(FormatError)
  })

  it('of RAM in more pieces than any machine has is refused, and of more RAM', async () => {
    const bitmaps = 2 * BLOCK
    const header = sound.slice(0, bitmaps)
    const view = new DataView(header.buffer)
    const of = (blocks: number, byte: number) => {
      view.setUint32(436, 2 * blocks, true)
      view.setBigUint64(BLOCK + 96, BigInt(blocks * BLOCK * 8), true)
      const file = new Uint8Array(bitmaps + 2 * blocks * BLOCK).fill(byte)
      file.set(header)
      return file
    }
    await expect(open(of(1, 0x55))).rejects.toThrow('at byte 0x20000: expected RAM in at most 65536 pieces, found more')
    await expect(open(of(513, 0xff))).rejects.toThrow(/expected guest RAM, found \d+ bytes of it/)
  })

  it.each(['zlib', 'lzo', 'snappy', 'zstd'] as const)('is refused with a page that holds another length: %s', async (packing) => {
    const one = { ...guest, ranges: [{ base: RAM as Gpa, bytes: BLOCK }] }
    const small = writeKdump(one, { packing, blockBytes: 4096 })
    const large = writeKdump(one, { packing })
    const mixed = async (pages: Uint8Array, header: Uint8Array, from: number, to: number) => {
      const file = new Uint8Array(header.length + pages.length)
      file.set(header)
      file.set(pages, header.length)
      const read = new DataView(pages.buffer, pages.byteOffset)
      const write = new DataView(file.buffer)
      write.setBigInt64(to, read.getBigInt64(from, true) + BigInt(header.length), true)
      write.setUint32(to + 8, read.getUint32(from + 8, true), true)
      write.setUint32(to + 12, read.getUint32(from + 12, true), true)
      return open(file).then(pagesOf)
    }
    const bitmap = Math.ceil((RAM / 4096 + 16) / 8 / 4096) * 4096
    await expect(mixed(small, large, 2 * 4096 + 2 * bitmap + 24, descriptors)).rejects.toThrow(/65536 bytes|zstd/)
    await expect(mixed(large, small, descriptors, 2 * 4096 + 2 * bitmap)).rejects.toThrow(/4096 bytes/)
  })
})
