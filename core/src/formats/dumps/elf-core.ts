import type { Gpa, GpaRange } from '../../memory/index.ts'
import { type ByteSource, readExactly } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'

export const ELF_MAGIC = '\x7fELF'

/** Where members of the header lie, and what they have to be: `Elf64_Ehdr`. */
const HEADER = { class: 4, data: 5, type: 16, machine: 18, phoff: 32, shoff: 40, phentsize: 54, phnum: 56, bytes: 64 } as const
const ELFCLASS64 = 2
const ELFDATA2LSB = 1
const ET_CORE = 4
const EM_AARCH64 = 183
/** So many segments or more: their count is in the first section header. */
const PN_XNUM = 0xffff
const SECTION_HEADER = { info: 44, bytes: 64 } as const
/** `Elf64_Phdr`. */
const SEGMENT = { type: 0, offset: 8, paddr: 24, filesz: 32, memsz: 40, bytes: 56 } as const
const PT_LOAD = 1
const PT_NOTE = 4
const MOST_SEGMENTS = 2 ** 17

const NOTE_BYTES = 12
const NT_PRSTATUS = 1
const LARGEST_NOTES = 16 << 20

/** A segment of RAM. */
export interface Segment extends GpaRange {
  /** Where its first byte lies in the file. */
  readonly offset: number
  /** Bytes of it that the file has: those that follow were left out. */
  readonly filed: number
}

/** What an ELF core file of a machine says. */
export interface ElfCore {
  /** In the order of the file. */
  readonly segments: readonly Segment[]
  /** Where the file lists them. */
  readonly listed: number
  /** Of how many it has registers; undefined where it does not tell. */
  readonly vcpus: number | undefined
}

/**
 * Reads where the RAM of an arm64 machine lies in an ELF core file, by physical addresses.
 *
 * @throws FormatError for any other ELF file, and for segments that are not inside it or lie over its headers.
 * @source ELF-64 Object File Format; QEMU dump/dump.c
 */
export async function readElfCore(source: ByteSource): Promise<ElfCore> {
  const header = await view(source, 0, HEADER.bytes, 'the header of an ELF file')
  for (const [at, value, expected] of [
    [HEADER.class, ELFCLASS64, 'an ELF file of 64 bits'],
    [HEADER.data, ELFDATA2LSB, 'a little-endian ELF file'],
  ] as const) {
    if (header.getUint8(at) !== value) throw new FormatError(at, expected, `${header.getUint8(at)}`)
  }
  for (const [at, value, expected] of [
    [HEADER.type, ET_CORE, 'a core file (ET_CORE)'],
    [HEADER.machine, EM_AARCH64, 'one of an arm64 machine (EM_AARCH64)'],
    [HEADER.phentsize, SEGMENT.bytes, `program headers of ${SEGMENT.bytes} bytes`],
  ] as const) {
    if (header.getUint16(at, true) !== value) throw new FormatError(at, expected, `${header.getUint16(at, true)}`)
  }
  const count = await segmentCount(source, header)
  const listed = word(header, HEADER.phoff)
  if (listed + count * SEGMENT.bytes > source.byteLength)
    throw new FormatError(HEADER.phoff, 'program headers inside the file', `${count} of them at 0x${listed.toString(16)}`)
  const table = await view(source, listed, count * SEGMENT.bytes, 'the program headers')
  const segments: Segment[] = []
  const headers = [
    { offset: 0, bytes: HEADER.bytes },
    { offset: listed, bytes: table.byteLength },
  ]
  let vcpus: number | undefined
  for (let at = 0; at < table.byteLength; at += SEGMENT.bytes) {
    const type = table.getUint32(at + SEGMENT.type, true)
    if (type !== PT_LOAD && type !== PT_NOTE) continue
    const offset = word(table, at + SEGMENT.offset)
    const filed = word(table, at + SEGMENT.filesz)
    if (offset + filed > source.byteLength)
      throw new FormatError(
        listed + at + SEGMENT.offset,
        'a segment inside the file',
        `${filed} bytes at 0x${offset.toString(16)}`,
      )
    const bytes = word(table, at + SEGMENT.memsz)
    if (type === PT_NOTE) vcpus ??= await vcpusNoted(source, offset, filed)
    else if (filed > bytes) throw new FormatError(listed + at + SEGMENT.filesz, `at most ${bytes} bytes of a segment`, `${filed}`)
    else if (headers.some((each) => offset < each.offset + each.bytes && each.offset < offset + filed))
      throw new FormatError(
        listed + at + SEGMENT.offset,
        'a segment apart from the headers',
        `${filed} bytes at 0x${offset.toString(16)}`,
      )
    else if (bytes > 0) segments.push({ base: word(table, at + SEGMENT.paddr) as Gpa, bytes, offset, filed })
  }
  return { segments, listed, vcpus }
}

async function segmentCount(source: ByteSource, header: DataView): Promise<number> {
  const own = header.getUint16(HEADER.phnum, true)
  const shoff = word(header, HEADER.shoff)
  const isElsewhere = own === PN_XNUM
  if (isElsewhere && (shoff === 0 || shoff + SECTION_HEADER.bytes > source.byteLength))
    throw new FormatError(HEADER.shoff, 'a section header inside the file', `one at 0x${shoff.toString(16)}`)
  const count = isElsewhere
    ? (await view(source, shoff, SECTION_HEADER.bytes, 'a section header')).getUint32(SECTION_HEADER.info, true)
    : own
  if (count === 0 || count > MOST_SEGMENTS)
    throw new FormatError(isElsewhere ? shoff + SECTION_HEADER.info : HEADER.phnum, `1 to ${MOST_SEGMENTS} segments`, `${count}`)
  return count
}

/** A note of each vCPU has its registers. */
async function vcpusNoted(source: ByteSource, start: number, bytes: number): Promise<number | undefined> {
  if (bytes > LARGEST_NOTES) return undefined
  const notes = await view(source, start, bytes, 'the notes of a core file')
  let vcpus = 0
  for (let at = 0; at + NOTE_BYTES <= bytes; ) {
    const [nameBytes, contentsBytes] = [notes.getUint32(at, true), notes.getUint32(at + 4, true)]
    if (notes.getUint32(at + 8, true) === NT_PRSTATUS) vcpus++
    at += NOTE_BYTES + padded(nameBytes) + padded(contentsBytes)
  }
  return vcpus
}

const padded = (bytes: number): number => Math.ceil(bytes / 4) * 4

async function view(source: ByteSource, offset: number, bytes: number, what: string): Promise<DataView> {
  const read = await readExactly(source, offset, bytes, what)
  return new DataView(read.buffer, read.byteOffset, read.length)
}

/** A u64; above 2^53 it is not exact, which every bound refuses anyway. */
const word = (of: DataView, at: number): number => of.getUint32(at + 4, true) * 2 ** 32 + of.getUint32(at, true)
