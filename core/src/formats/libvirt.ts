import { type ByteSource, readExactly } from './byte-source.ts'
import { FormatError } from './format-error.ts'
import type { Compression } from './origin.ts'

/** The header of a libvirt save; complete and incomplete. */
export const LIBVIRT_MAGIC = 'LibvirtQemudSave'
export const LIBVIRT_INCOMPLETE = 'LibvirtQemudPart'
const HEADER_BYTES = 92
const STORAGE_OFFSET = 28

/** How libvirt stores the stream, by its number. */
const storage = ['raw', 'gzip', 'bzip2', 'xz', 'lzop', 'zstd', 'sparse'] as const

/** Where the QEMU stream in a libvirt save begins, and how it is stored. */
export interface LibvirtSave {
  readonly start: number
  readonly storage: 'raw' | Compression
}

/**
 * Reads the header of a libvirt save: magic, then version, bytes of XML, was running, storage and cookie offset in the
 * byte order of the host that wrote it.
 */
export async function readLibvirtHeader(source: ByteSource): Promise<LibvirtSave> {
  const header = await readExactly(source, 0, HEADER_BYTES, 'the header of a libvirt save')
  const view = new DataView(header.buffer, header.byteOffset, HEADER_BYTES)
  const little = view.getUint32(16, true) < 0x10000
  const version = view.getUint32(16, little)
  if (version !== 1 && version !== 2) throw new FormatError(16, 'version 1 or 2 of a libvirt save', `${version}`)
  const start = HEADER_BYTES + view.getUint32(20, little)
  if (start >= source.byteLength)
    throw new FormatError(20, 'XML that is followed by a QEMU stream', `${start - HEADER_BYTES} bytes`)
  const name = storage[view.getUint32(STORAGE_OFFSET, little)]
  // A sparse save is a mapped-ram file behind the header: read as it lies.
  if (name === 'sparse') return { start, storage: 'raw' }
  if (name !== undefined) return { start, storage: name }
  const number = view.getUint32(STORAGE_OFFSET, little)
  throw new FormatError(STORAGE_OFFSET, `a stream stored in one of ${storage.length} ways`, `method ${number}`)
}

/** The same header and XML for a stream that is stored raw. */
export function uncompressedHeader(header: Uint8Array): Uint8Array {
  const raw = header.slice()
  raw.fill(0, STORAGE_OFFSET, STORAGE_OFFSET + 4)
  return raw
}
