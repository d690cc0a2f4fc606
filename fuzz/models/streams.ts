import { readFileSync } from 'node:fs'
import { inflateSync } from 'node:zlib'
import { bytesSource, inspect, open } from '@vits/core'
import { type Gpa, PAGE_BYTES } from '@vits/core/memory'
import { decompress } from 'fzstd'
import { PlantedVm } from '../../core/src/audit/testing/planted-vm.ts'
import { RAM_SAVE_FLAG } from '../../core/src/formats/qemu/ram-records.ts'
import { QemuStream } from '../../core/src/formats/qemu/stream.ts'
import { StreamReader } from '../../core/src/formats/stream-reader.ts'
import { writeQcow2 } from '../../core/src/formats/testing/qcow2-writer.ts'
import { Bytes, type RamRecord, type StreamParts, writeStream } from '../../core/src/formats/testing/stream-writer.ts'

const RAM = 'mach-virt.ram'
const RAM_BASE = 0x4000_0000

type Files = ReadonlyMap<string, Uint8Array>

const vm = () =>
  new PlantedVm()
    .map(8, { 0: [8192, 0], 1: [8193, 1] })
    .save()
    .unmap(8)
    .map(16, { 0: [8194, 0], 2: [8195, 1] })
    .save()

/** The pages of a planted VM that are not zero, by their numbers. */
function pagesOf({ memory }: PlantedVm): ReadonlyMap<number, Uint8Array> {
  const pages = new Map<number, Uint8Array>()
  for (const { base, bytes } of memory.ranges) {
    for (let at: number = base; at < base + bytes; at += PAGE_BYTES) {
      const cursor = memory.cursor()
      cursor.seek(at as Gpa)
      if (cursor.knownZeros(1) > 0) continue
      const page = memory.read(at as Gpa, PAGE_BYTES)
      if (page.some((byte) => byte !== 0)) pages.set((at - RAM_BASE) / PAGE_BYTES, page)
    }
  }
  return pages
}

const block = { name: RAM, bytes: 64 << 20 }

/** A page as a record: filled with one byte, compressed, as a difference to the zeros before it, or as it is. */
function record(page: number, contents: Uint8Array, n: number): RamRecord {
  if (contents.every((byte) => byte === contents[0])) return { block: RAM, page, fill: contents[0]! }
  return n % 3 === 0 ? { block: RAM, page, zlib: zlibStored(contents) } : { block: RAM, page, contents }
}

/** RFC 1950 without compression: the same bytes from every release of zlib. */
export function zlibStored(contents: Uint8Array): Uint8Array {
  let [a, b] = [1, 0]
  for (const byte of contents) {
    a = (a + byte) % 65521
    b = (b + a) % 65521
  }
  const { length } = contents
  const head = [0x78, 0x01, 1, length & 0xff, length >>> 8, ~length & 0xff, (~length >>> 8) & 0xff]
  const packed = new Bytes()
  for (const byte of head) packed.u8(byte)
  packed.raw(contents).u16(b).u16(a)
  if (inflateSync(packed.done()).length !== length) throw new Error('this is not what zlib reads')
  return packed.done()
}

/** Streams that were written here, small: every kind of record and section that is read. */
export function writtenStreams(more: Partial<StreamParts> = {}): Files {
  const planted = vm()
  const records = [...pagesOf(planted)].map(([page, contents], n) => record(page, contents, n))
  const registers = planted.registers()
  const parts: StreamParts = { blocks: [block], registers, sections: [records.slice(0, 8), records.slice(8)], ...more }
  return new Map([
    ['written/plain', writeStream(parts)],
    [
      'written/everything',
      writeStream({
        ...parts,
        blocks: [block, { name: 'virt.flash0', bytes: 0x2000 }],
        capabilities: ['auto-converge'],
        uuid: true,
        postcopyAdvice: 0x1000,
        opaque: { name: 'dirty-bitmap', start: Uint8Array.of(1, 0x7e), end: Uint8Array.of(2) },
        sections: [
          [{ block: RAM, page: 0, fill: 0 }, 'hook', { page: 1, xbzrle: Uint8Array.of(5, 1, 7) }],
          [...records, { block: 'virt.flash0', page: 1, fill: 3 }, 'multifd flush'],
        ],
      }),
    ],
  ])
}

/** Mapped-ram files: each page at its own place. */
export function mappedFiles(): Files {
  const memory = new PlantedVm({ ramBytes: 1 << 20 }).map(8, { 0: [8192, 0] }, { ittAddr: 0x400a_0000 }).save()
  const mapped = { [RAM]: pagesOf(memory) }
  const parts: StreamParts = { blocks: [{ name: RAM, bytes: 1 << 20 }], registers: memory.registers(), mapped }
  return new Map([
    ['written/mapped-ram', writeStream(parts)],
    ['written/two-blocks', writeStream({ ...parts, blocks: [...parts.blocks!, { name: 'virt.flash0', bytes: 0x2000 }] })],
  ])
}

/** A save of libvirt: header, XML and stream. */
export function libvirtSave(stream: Uint8Array, storage: 'raw' | 'gzip' | 'zstd' = 'raw'): Uint8Array {
  const xml = '<domain/>\0'
  const header = new Uint8Array(76)
  const view = new DataView(header.buffer)
  const method = { raw: 0, gzip: 1, zstd: 5 }[storage]
  for (const [i, word] of [2, xml.length, 1, method, 0].entries()) view.setUint32(i * 4, word, true)
  return new Bytes().text('LibvirtQemudSave').raw(header).text(xml).raw(stream).done()
}

export const qcow2Image = (stream: Uint8Array): Uint8Array => writeQcow2(stream)

const real = ['bridge-s2', 'healthy', 'numa', 'nvme72-s1', 'smmu-s3', 'wrapped', 'mem-vmem-s1'] as const

/** Real streams, of whose RAM only the pages are left that decide about interrupts. */
export async function realStreams(): Promise<Files> {
  const files = new Map<string, Uint8Array>()
  for (const name of real) {
    const file = new URL(`../../fixtures/saved/${name}.mig.zst`, import.meta.url)
    files.set(`saved/${name}`, await withoutOtherPages(decompress(readFileSync(file))))
  }
  return files
}

/** The same stream with the records of the pages that an inspection loads and of the ACPI tables, and no others. */
async function withoutOtherPages(stream: Uint8Array): Promise<Uint8Array> {
  const machine = await open(bytesSource(stream))
  const { loaded } = await inspect(machine, { judges: [], guestKernel: 'never' })
  const wanted = new Set<number>()
  for (const { base, bytes } of loaded.ranges) for (let at: number = base; at < base + bytes; at += PAGE_BYTES) wanted.add(at)
  const pages = new Map<string, number[]>()
  const sections = new QemuStream(new StreamReader(bytesSource(stream)), {
    record: (ram, page, _kind, _named, offset, payload, bytes) => {
      if (!(ram.name === RAM ? wanted.has(RAM_BASE + page * PAGE_BYTES) : ram.name.includes('acpi'))) return undefined
      pages.set(`${ram.name} ${page}`, [offset, payload, bytes])
      ram.index.set(page, offset, 3, false)
      return undefined
    },
  })
  await sections.read()
  const { start, end, id } = ramSections(stream, sections)
  const out = new Bytes().raw(stream.subarray(0, start)).u8(3).u32(id)
  for (const [key, [offset, , bytes]] of pages) {
    const [name, page] = key.split(' ') as [string, string]
    const flags = Number(new DataView(stream.buffer, stream.byteOffset + offset!, 8).getBigUint64(0) & 0xfffn)
    const from = offset! + ((flags & RAM_SAVE_FLAG.continue) === 0 ? 9 + name.length : 8)
    out.u64(Number(page) * PAGE_BYTES + (flags & ~RAM_SAVE_FLAG.continue)).name(name)
    out.raw(stream.subarray(from, from + bytes!))
  }
  return out.u64(RAM_SAVE_FLAG.eos).u8(0x7e).u32(id).raw(stream.subarray(end)).done()
}

/** Where the section that lists the blocks ends, and where the states of devices begin. */
function ramSections(stream: Uint8Array, { devices }: QemuStream): { start: number; end: number; id: number } {
  const text = Buffer.from(stream.buffer, stream.byteOffset, stream.byteLength)
  const named = text.indexOf(Buffer.from('\x03ram', 'latin1'))
  const id = text.readUInt32BE(named - 4)
  const footer = Buffer.alloc(5)
  footer[0] = 0x7e
  footer.writeUInt32BE(id, 1)
  const start = text.indexOf(footer, named) + 5
  const { device, offset } = devices.find((section) => section.offset > start)!
  return { start, end: offset - 8 - device.name.length - 1 - 4 - 1, id }
}
