import { type ByteSource, bytesSource, joined, partOf, readExactly } from './byte-source.ts'
import { CASE_MAGIC, openCase } from './case-file.ts'
import { FormatError } from './format-error.ts'
import { LIBVIRT_INCOMPLETE, LIBVIRT_MAGIC, readLibvirtHeader, uncompressedHeader } from './libvirt.ts'
import { inFile, type MachineFile, type SavedFile } from './machine-file.ts'
import { decodedSource } from './packed/decoded-source.ts'
import { QCOW2_MAGIC, vmStateOf } from './qcow2.ts'
import { openQemuStream } from './qemu/open-stream.ts'
import type { OpenOptions, SavedMachine } from './saved-machine.ts'
import { latin1, shown } from './stream-reader.ts'

const ZSTD = '\x28\xb5\x2f\xfd'
const GZIP = '\x1f\x8b'
const ELF = '\x7fELF'
const FIRST_BYTES = 16

/** Opens the one file of a machine. */
type Opener = (file: SavedFile, options: OpenOptions) => Promise<SavedMachine>

/** The saves that consist of one file, by the bytes that they begin with. */
const openers: readonly (readonly [magic: string, open: Opener])[] = [
  ['QEVM', openQemuStream],
  [LIBVIRT_MAGIC, openLibvirt],
  [LIBVIRT_INCOMPLETE, refusing('a complete libvirt save', 'one that was never finished')],
  [QCOW2_MAGIC, openQcow2],
  [CASE_MAGIC, openCase],
  [ELF, refusing('a saved VM', 'an ELF dump, which does not hold the registers of the ITS')],
]

/**
 * Opens a saved machine, whatever its format: finds the GIC's registers and where each page of RAM is. Page contents are read
 * by `load` only. A compressed file is decompressed once for its length and its checksums, and again for what is read of it.
 *
 * @throws FormatError when the files are not a saved machine that can be read, with the byte where that showed and, where there
 * are several, the file. RangeError when there is none.
 */
export async function openSavedMachine(
  files: ByteSource | readonly MachineFile[],
  options: OpenOptions = {},
): Promise<SavedMachine> {
  const [first, ...others] = 'byteLength' in files ? [{ name: '', source: files }] : files
  if (first === undefined) throw new RangeError('a saved machine has at least one file')
  if (others.length > 0) return openTogether([first, ...others], options)
  const [file, left] = await unpacked(first, options)
  const open = await openerOf(file)
  return open(file, left)
}

/** No save that is read so far has several files: says what is wrong with the first of these that shows it. */
async function openTogether(files: readonly MachineFile[], options: OpenOptions): Promise<never> {
  const names = new Set<string>()
  for (const file of files) {
    await inFile(file, async () => {
      if (names.has(file.name)) throw new FormatError(0, 'files of different names', `"${file.name}" twice`)
      names.add(file.name)
      const [saved] = await unpacked(file, options)
      await openerOf(saved)
      if (names.size > 1) throw new FormatError(0, 'one saved VM', 'another beside it')
    })
  }
  throw new RangeError('a set of files has at least two')
}

async function openerOf({ source }: SavedFile): Promise<Opener> {
  const start = await firstBytes(source)
  const opener = openers.find(([magic]) => start.startsWith(magic))
  if (opener !== undefined) return opener[1]
  const found = await source.slice(0, Math.min(8, source.byteLength))
  throw new FormatError(0, 'a saved VM (a QEMU migration stream begins with "QEVM")', shown(found))
}

function refusing(expected: string, found: string): Opener {
  return () => Promise.reject(new FormatError(0, expected, found))
}

async function openQcow2(file: SavedFile, options: OpenOptions): Promise<SavedMachine> {
  const { source, snapshot } = await vmStateOf(file.source)
  return openQemuStream({ ...file, source, container: { kind: 'qcow2', snapshot } }, options)
}

async function openLibvirt(file: SavedFile, options: OpenOptions): Promise<SavedMachine> {
  const { source } = file
  const { start, storage } = await readLibvirtHeader(source)
  const container = { kind: 'libvirt', storage } as const
  if (storage === 'raw') return openQemuStream({ ...file, container }, options, start)
  const compressed = { source: partOf(source, start), compression: storage, base: start }
  const stream = await decodedSource(compressed, firstHalf(options))
  const header = uncompressedHeader(await readExactly(source, 0, start, 'the XML of a libvirt save'))
  return openQemuStream({ ...file, source: joined(bytesSource(header), stream), container }, secondHalf(options), start)
}

async function firstBytes(source: ByteSource): Promise<string> {
  return latin1(await source.slice(0, Math.min(FIRST_BYTES, source.byteLength)))
}

/** The file with what it is compressed with taken off, and the progress that is left to show. */
async function unpacked(file: MachineFile, options: OpenOptions): Promise<readonly [SavedFile, OpenOptions]> {
  const start = await firstBytes(file.source)
  const compression = start.startsWith(ZSTD) ? 'zstd' : start.startsWith(GZIP) ? 'gzip' : undefined
  const plain = { ...file, compression, container: { kind: 'plain' } } as const
  if (compression === undefined) return [plain, options]
  const source = await decodedSource({ source: file.source, compression, base: 0 }, firstHalf(options))
  return [{ ...plain, source }, secondHalf(options)]
}

/** What is compressed is gone through twice. */
const firstHalf = ({ progress, ...options }: OpenOptions): OpenOptions =>
  progress === undefined ? options : { ...options, progress: (done, total) => progress(done, 2 * total) }

const secondHalf = ({ progress, ...options }: OpenOptions): OpenOptions =>
  progress === undefined ? options : { ...options, progress: (done, total) => progress(total + done, 2 * total) }
