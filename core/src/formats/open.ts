import { type ByteSource, bytesSource, partOf, readExactly } from './byte-source.ts'
import { CASE_MAGIC, openCase } from './case-file.ts'
import { FormatError } from './format-error.ts'
import { LIBVIRT_INCOMPLETE, LIBVIRT_MAGIC, readLibvirtHeader, uncompressedHeader } from './libvirt.ts'
import { QCOW2_MAGIC, vmStateOf } from './qcow2.ts'
import { openQemuStream } from './qemu/open-stream.ts'
import { decode } from './qemu/replay.ts'
import type { OpenOptions, SavedMachine } from './saved-machine.ts'
import { latin1, shown } from './stream-reader.ts'

const ZSTD = '\x28\xb5\x2f\xfd'
const GZIP = '\x1f\x8b'
const ELF = '\x7fELF'
const FIRST_BYTES = 16

/**
 * Opens a saved machine, whatever its format: finds the GIC's registers and where each page of RAM is. Page contents are read
 * by `load` only. A compressed file is decompressed once, into memory.
 *
 * @throws FormatError when the file is not a saved machine that can be read, with the byte where that showed.
 */
export async function openSavedMachine(source: ByteSource, options: OpenOptions = {}): Promise<SavedMachine> {
  const start = await firstBytes(source)
  if (start.startsWith(ZSTD)) return openPlain(bytesSource(await decompressed(source, options, 'zstd')), options)
  if (start.startsWith(GZIP)) return openPlain(bytesSource(await decompressed(source, options, 'gzip')), options)
  return openPlain(source, options)
}

async function openPlain(source: ByteSource, options: OpenOptions): Promise<SavedMachine> {
  const start = await firstBytes(source)
  if (start.startsWith('QEVM')) return openQemuStream(source, options)
  if (start.startsWith(LIBVIRT_MAGIC)) return openLibvirt(source, options)
  if (start.startsWith(LIBVIRT_INCOMPLETE)) throw new FormatError(0, 'a complete libvirt save', 'one that was never finished')
  if (start.startsWith(QCOW2_MAGIC)) {
    const state = await vmStateOf(source)
    return openQemuStream(state.source, options, { format: `in qcow2 snapshot "${state.snapshot}"` })
  }
  if (start.startsWith(CASE_MAGIC)) return openCase(source)
  if (start.startsWith(ELF)) {
    throw new FormatError(0, 'a saved VM', 'an ELF dump, which does not hold the registers of the ITS')
  }
  const found = await source.slice(0, Math.min(8, source.byteLength))
  throw new FormatError(0, 'a saved VM (a QEMU migration stream begins with "QEVM")', shown(found))
}

async function openLibvirt(source: ByteSource, options: OpenOptions): Promise<SavedMachine> {
  const { start, storage } = await readLibvirtHeader(source)
  if (storage === 'raw') return openQemuStream(source, options, { start, format: 'in a libvirt save' })
  const packed = await decompressed(partOf(source, start), options, storage, start)
  const header = uncompressedHeader(await readExactly(source, 0, start, 'the XML of a libvirt save'))
  return openQemuStream(joined(header, packed), options, { start, format: `in a libvirt save (${storage})` })
}

async function firstBytes(source: ByteSource): Promise<string> {
  return latin1(await source.slice(0, Math.min(FIRST_BYTES, source.byteLength)))
}

/** All of `source`, decompressed; `offset` is where it begins in its file. */
async function decompressed(source: ByteSource, { codecs }: OpenOptions, name: 'zstd' | 'gzip', offset = 0): Promise<Uint8Array> {
  const codec = codecs?.[name]
  if (codec === undefined) throw new FormatError(offset, 'data that is not compressed', `${name}, and no decoder for it`)
  const bytes = await readExactly(source, 0, source.byteLength, 'compressed data')
  return decode(codec, bytes, offset, name)
}

function joined(first: Uint8Array, second: Uint8Array): ByteSource {
  const bytes = new Uint8Array(first.length + second.length)
  bytes.set(first)
  bytes.set(second, first.length)
  return bytesSource(bytes)
}
