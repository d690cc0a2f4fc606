import { type ByteSource, bytesSource, joined, partOf, readExactly } from './byte-source.ts'
import { CASE_MAGIC, openCase } from './case-file.ts'
import { isSnapshotState, openSnapshot } from './cloud-hypervisor/open-snapshot.ts'
import { ELF_MAGIC } from './dumps/elf-core.ts'
import { FLATTENED_MAGIC } from './dumps/flattened.ts'
import { KDUMP_MAGIC } from './dumps/kdump-header.ts'
import { openElfDump, openFlattened, openKdump } from './dumps/open-dump.ts'
import { openFirecracker } from './firecracker/open-firecracker.ts'
import { isVmstate } from './firecracker/vmstate.ts'
import { FormatError } from './format-error.ts'
import { LIBVIRT_INCOMPLETE, LIBVIRT_MAGIC, readLibvirtHeader, uncompressedHeader } from './libvirt.ts'
import { inFile, type MachineFile, type SavedFile } from './machine-file.ts'
import { compressionOf, decodedSource } from './packed/decoded-source.ts'
import { QCOW2_MAGIC, vmStateOf } from './qcow2.ts'
import { openQemuStream } from './qemu/open-stream.ts'
import { isRegistersFile, openRaw } from './raw/open-raw.ts'
import type { OpenOptions, SavedMachine } from './saved-machine.ts'
import { shown } from './stream-reader.ts'
import { firstBytes, firstHalf, secondHalf, unpacked } from './unpacked.ts'

/** How a kind of saved VM is told from others, and opened. */
interface Opener {
  /** What the file begins with that leads to all the rest; its first 256 bytes as Latin-1. */
  readonly begins: string | ((start: string) => boolean)
  /** Whether a VM has other files as well: those are `beside`, as they are on the disk. What of them was read is among the machine's files. */
  readonly hasOthers?: true
  readonly open: (file: SavedFile, options: OpenOptions, beside: readonly MachineFile[]) => Promise<SavedMachine>
}

const openers: readonly Opener[] = [
  { begins: 'QEVM', open: (file, options) => openQemuStream(file, options) },
  { begins: LIBVIRT_MAGIC, open: openLibvirt },
  { begins: LIBVIRT_INCOMPLETE, open: refusing('a complete libvirt save', 'one that was never finished') },
  { begins: QCOW2_MAGIC, open: openQcow2 },
  { begins: CASE_MAGIC, open: openCase },
  { begins: isRegistersFile, hasOthers: true, open: openRaw },
  { begins: isSnapshotState, hasOthers: true, open: openSnapshot },
  { begins: isVmstate, hasOthers: true, open: openFirecracker },
  { begins: ELF_MAGIC, open: openElfDump },
  { begins: KDUMP_MAGIC, open: openKdump },
  { begins: FLATTENED_MAGIC, open: openFlattened },
]

/**
 * Opens a saved machine, whatever its format: finds the GIC's registers and where each page of RAM is. Page contents are read
 * by `load` only. A compressed file is decompressed once for its length and its checksums, and again for what is read of it.
 *
 * @param files its file, or all of them in any order; one that lies beside them and is not needed is no error if its part is `found`
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
  const { open, hasOthers } = await openerOf(file)
  // What is one of several files names itself though the others are not there.
  return hasOthers === true && file.name !== '' ? inFile(file, () => open(file, left, [])) : open(file, left, [])
}

/** Opens a machine of which one file leads to the others. */
async function openTogether(files: readonly MachineFile[], options: OpenOptions): Promise<SavedMachine> {
  refuseSameNames(files)
  const { leading, others, left } = await leadingOf(files, options)
  const machine = await inFile(leading, async () => (await openerOf(leading)).open(leading, left, others))
  const read = new Set(machine.files.map(({ name }) => name))
  const needless = others.find(({ name, part }) => part !== 'found' && !read.has(name))
  if (needless !== undefined) throw new FormatError(0, 'a file of the saved VM', 'one that is no part of it').in(needless.name)
  return machine
}

function refuseSameNames(files: readonly MachineFile[]): void {
  const names = new Set<string>()
  for (const { name } of files) {
    if (names.has(name)) throw new FormatError(0, 'files of different names', `"${name}" twice`).in(name)
    names.add(name)
  }
}

interface Leading {
  readonly leading: SavedFile
  readonly others: readonly MachineFile[]
  readonly left: OpenOptions
}

/** The one of the files that begins as a saved VM does; where none does, the first. */
async function leadingOf(files: readonly MachineFile[], options: OpenOptions): Promise<Leading> {
  let first: Leading | undefined
  let known: Leading | undefined
  for (const file of files) {
    if (file.part !== undefined) continue
    const [leading, left] = await inFile(file, () => unpacked(file, options))
    const found = { leading, left, others: files.filter((other) => other !== file) }
    first ??= found
    if (openerFor(await firstBytes(leading.source)) === undefined) continue
    if (known !== undefined) throw new FormatError(0, 'one saved VM', 'another beside it').in(file.name)
    known = found
  }
  if (first === undefined) throw new RangeError('one of the files has to be the state of a saved VM')
  return known ?? first
}

/**
 * The machines whose files lie together in a folder, each as the files that `openSavedMachine` takes. Files that are nothing that is
 * known belong to a machine that has several. A compressed file is one of those too, and where there is no such machine, one itself.
 */
export async function machinesAmong(files: readonly MachineFile[]): Promise<(readonly MachineFile[])[]> {
  const starts = await Promise.all(files.map(({ source }) => firstBytes(source)))
  const known = starts.map(openerFor)
  const beside = files.filter((_, i) => known[i] === undefined).map((file) => ({ ...file, part: 'found' as const }))
  const hasSeveral = known.some((opener) => opener?.hasOthers)
  return files.flatMap((file, i) => {
    if (known[i] !== undefined) return [known[i].hasOthers ? [file, ...beside] : [file]]
    return !hasSeveral && compressionOf(starts[i]!) !== undefined ? [[file]] : []
  })
}

const openerFor = (start: string): Opener | undefined =>
  openers.find(({ begins }) => (typeof begins === 'string' ? start.startsWith(begins) : begins(start)))

async function openerOf({ source }: SavedFile): Promise<Opener> {
  const opener = openerFor(await firstBytes(source))
  if (opener !== undefined) return opener
  const found = await source.slice(0, Math.min(8, source.byteLength))
  throw new FormatError(0, 'a saved VM (a QEMU migration stream begins with "QEVM")', shown(found))
}

function refusing(expected: string, found: string): Opener['open'] {
  return () => Promise.reject(new FormatError(0, expected, found))
}

async function openQcow2(file: SavedFile, options: OpenOptions): Promise<SavedMachine> {
  return openQemuStream({ ...file, ...(await vmStateOf(file.source)) }, options)
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
