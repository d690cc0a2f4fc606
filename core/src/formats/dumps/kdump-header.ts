import { type ByteSource, readExactly } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import { latin1 } from '../stream-reader.ts'

export const KDUMP_MAGIC = 'KDUMP   '

/** Where members of the header lie: `struct disk_dump_header` of 64-bit machines. */
const HEADER = {
  version: 8,
  machine: 272,
  status: 424,
  blockBytes: 428,
  subHeaderBlocks: 432,
  bitmapBlocks: 436,
  maxPfn: 440,
  vcpus: 460,
  bytes: 464,
} as const
const NAME_BYTES = 65
/** Where members of the second header lie, which is in block 1: `struct kdump_sub_header`, the first and the last version. */
const SUB_HEADER = { dumpLevel: 8, split: 12, maxPfn: 96, bytes: 104 } as const
const LAST_VERSION = 6
/** The version that began to tell of a dump in several files, and the one with page numbers of 64 bits. */
const SINCE = { split: 2, maxPfn: 6 } as const

const BLOCK_BYTES = [0x1000, 0x4000, 0x1_0000]
/** What QEMU up to 8 says where it does not know better, and what others leave out. */
const UNKNOWN_MACHINES = ['aarch64', 'Unknown', '']
/** `DUMP_DH_COMPRESSED_INCOMPLETE`. */
const INCOMPLETE = 8
const LARGEST_BITMAP = 256 << 20

/** What the headers say of the pages. */
export interface KdumpHeader {
  /** Bytes of a page of the dump. */
  readonly blockBytes: number
  /** Where the bitmaps lie: of the pages that are RAM, then of those that are in the dump. */
  readonly bitmaps: number
  /** Bytes of one of them. */
  readonly bitmapBytes: number
  /** Behind the last page. */
  readonly maxPfn: number
  /** Bits: of what kinds pages were left out. */
  readonly dumpLevel: number
  readonly vcpus: number
}

/**
 * Reads the two headers of a kdump-compressed file of an arm64 machine. Little-endian.
 *
 * @throws FormatError for what is no such file, for a dump that was not finished, and for a part of one.
 * @source makedumpfile diskdump_mod.h; QEMU include/sysemu/dump.h, DiskDumpHeader64 and KdumpSubHeader64
 */
export async function readKdumpHeader(source: ByteSource): Promise<KdumpHeader> {
  const header = await view(source, 0, HEADER.bytes, 'the header of a kdump file')
  const version = header.getInt32(HEADER.version, true)
  if (version < 1 || version > LAST_VERSION)
    throw new FormatError(HEADER.version, `version 1 to ${LAST_VERSION} of a kdump file`, `${version}`)
  const machine = textAt(header, HEADER.machine)
  if (!UNKNOWN_MACHINES.includes(machine))
    throw new FormatError(HEADER.machine, 'a dump of an arm64 machine', `one of "${machine}"`)
  if ((header.getUint32(HEADER.status, true) & INCOMPLETE) !== 0)
    throw new FormatError(HEADER.status, 'a dump that is whole', 'one that was not finished')
  const blockBytes = header.getInt32(HEADER.blockBytes, true)
  if (!BLOCK_BYTES.includes(blockBytes))
    throw new FormatError(HEADER.blockBytes, 'blocks of 4, 16 or 64 KiB', `${blockBytes} bytes`)
  const bitmapBytes = (header.getUint32(HEADER.bitmapBlocks, true) * blockBytes) / 2
  if (bitmapBytes === 0 || bitmapBytes > LARGEST_BITMAP)
    throw new FormatError(HEADER.bitmapBlocks, 'the blocks of two bitmaps', `${(2 * bitmapBytes) / blockBytes}`)
  const subHeaderBlocks = header.getInt32(HEADER.subHeaderBlocks, true)
  if (subHeaderBlocks < 1 || subHeaderBlocks > 0x7fff_ffff / blockBytes)
    throw new FormatError(HEADER.subHeaderBlocks, 'the blocks of the second header', `${subHeaderBlocks}`)
  const sub = await view(source, blockBytes, SUB_HEADER.bytes, 'the second header of a kdump file')
  if (version >= SINCE.split && sub.getInt32(SUB_HEADER.split, true) !== 0)
    throw new FormatError(
      blockBytes + SUB_HEADER.split,
      'a dump in one file',
      'one of several parts: join them with makedumpfile --reassemble',
    )
  const maxPfn =
    version < SINCE.maxPfn ? header.getUint32(HEADER.maxPfn, true) : Number(sub.getBigUint64(SUB_HEADER.maxPfn, true))
  return {
    blockBytes,
    bitmaps: blockBytes * (1 + subHeaderBlocks),
    bitmapBytes,
    maxPfn: Math.min(maxPfn, bitmapBytes * 8),
    dumpLevel: sub.getInt32(SUB_HEADER.dumpLevel, true),
    vcpus: header.getInt32(HEADER.vcpus, true),
  }
}

async function view(source: ByteSource, offset: number, bytes: number, what: string): Promise<DataView> {
  const read = await readExactly(source, offset, bytes, what)
  return new DataView(read.buffer, read.byteOffset, read.length)
}

/** A name of `struct new_utsname`. */
function textAt({ buffer, byteOffset }: DataView, at: number): string {
  const bytes = new Uint8Array(buffer, byteOffset + at, NAME_BYTES)
  return latin1(bytes.subarray(0, [...bytes, 0].indexOf(0)))
}
