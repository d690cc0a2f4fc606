import { type ByteSource, bytesSource, readExactly } from './byte-source.ts'
import { FormatError } from './format-error.ts'
import { openQemuStream } from './qemu/open-stream.ts'
import { decode } from './qemu/replay.ts'
import type { OpenOptions, SavedMachine } from './saved-machine.ts'
import { latin1, shown } from './stream-reader.ts'

const ZSTD = '\x28\xb5\x2f\xfd'
const GZIP = '\x1f\x8b'
const ELF = '\x7fELF'

/**
 * Opens a saved machine, whatever its format: finds the GIC's registers and where each page of RAM is. Page contents are read
 * by `load` only. A compressed file is decompressed once, into memory.
 *
 * @throws FormatError when the file is not a saved machine that can be read, with the byte where that showed.
 */
export async function openSavedMachine(source: ByteSource, options: OpenOptions = {}): Promise<SavedMachine> {
  const start = latin1(await source.slice(0, Math.min(16, source.byteLength)))
  if (start.startsWith(ZSTD)) return openPlain(await decompressed(source, options, 'zstd'), options)
  if (start.startsWith(GZIP)) return openPlain(await decompressed(source, options, 'gzip'), options)
  return openPlain(source, options)
}

async function openPlain(source: ByteSource, options: OpenOptions): Promise<SavedMachine> {
  const bytes = await source.slice(0, Math.min(16, source.byteLength))
  const start = latin1(bytes)
  if (start.startsWith('QEVM')) return openQemuStream(source, options)
  if (start.startsWith(ELF)) {
    throw new FormatError(0, 'a saved VM', 'an ELF dump, which does not hold the registers of the ITS')
  }
  throw new FormatError(0, 'a saved VM (a QEMU migration stream begins with "QEVM")', shown(bytes.subarray(0, 8)))
}

async function decompressed(source: ByteSource, { codecs }: OpenOptions, name: 'zstd' | 'gzip'): Promise<ByteSource> {
  const codec = codecs?.[name]
  if (codec === undefined) throw new FormatError(0, 'a file that is not compressed', `${name}, and no decoder for it`)
  const bytes = await readExactly(source, 0, source.byteLength, 'compressed data')
  return bytesSource(decode(codec, bytes, 0, name))
}
