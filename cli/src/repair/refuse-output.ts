import type { SavedMachine } from '@vits/core/formats'
import { DiskError } from '../disk.ts'
import { UsageError } from '../failure.ts'
import { type Io, STDIN } from '../io.ts'
import { packingOf } from '../node/packing.ts'
import { copyName, undoPath } from './write-repaired.ts'

/** Where a command writes a new file. */
export interface Output {
  readonly path: string
  /** A file that is there is meant to be replaced. */
  readonly force: boolean
}

/**
 * Looks before a saved VM, if any, is read whether a file, or a folder, could be written under that name at all: not over the file that is read,
 * not over what is no file, not over one that is there unless that is meant, and only where one can write.
 */
export async function refuseOutput(input: string | undefined, { path, force }: Output, io: Io): Promise<void> {
  const there = await io.disk.identity(path)
  const read = input === undefined ? undefined : await io.disk.identity(input)
  if (there !== undefined && there.inode === read?.inode) throw new UsageError(`${path} is the file that is read`)
  if (/\.(bz2|xz|lzo)$/.test(path))
    throw new UsageError(`${path} would not be compressed as it is called: what vits packs is called .zst or .gz`)
  await io.disk.refuseUnwritable(path, 0)
  if (there === undefined) return
  // Whether a folder will do shows when it is known of how many files the VM is.
  if ((await io.list(path)) !== undefined) return
  if (!there.isFile) throw new DiskError(`cannot write ${path}: it is not a regular file`)
  if (!force) throw new DiskError(`${path} is there already; --force replaces it`)
}

/** The same once it is known what is copied: of one file a file, of several a folder that is new or empty; and room for all. */
export async function refuseCopies({ files }: Pick<SavedMachine, 'files'>, path: string, io: Io): Promise<void> {
  const inside = await io.list(path)
  if (files.length > 1) await refuseFolder(files.map(copyName), { path, inside }, io)
  else if (inside !== undefined) throw new DiskError(`${path} is a folder: name a file in it`)
  // How many there are of what is compressed is not known before it is written.
  const isPacked = files.length === 1 && packingOf(path) !== undefined
  const bytes = isPacked ? 0 : files.reduce((sum, { source }) => sum + source.byteLength, 0)
  await io.disk.refuseUnwritable(path, bytes)
}

/** A folder and what is in it; undefined for what is no folder. */
interface Folder {
  readonly path: string
  readonly inside: readonly string[] | undefined
}

async function refuseFolder(names: readonly string[], { path, inside }: Folder, io: Io): Promise<void> {
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice !== undefined) throw new DiskError(`two files of the VM are called ${twice}, and -o writes them into one folder`)
  if (inside === undefined && (await io.disk.identity(path)) !== undefined)
    throw new DiskError(`${path} is no folder, and the VM has several files`)
  if (inside !== undefined && inside.length > 0)
    throw new DiskError(`${path} is not empty: name a new folder for the files of the VM`)
}

/** A pipe is gone when it has been read, and beside a disk is no place for an undo file. */
export async function refusePipe(path: string, io: Io): Promise<void> {
  if (path === STDIN || (await io.disk.identity(path))?.isFile === false)
    throw new DiskError('what is no file, as a pipe or a disk, cannot be changed in place: use -o')
}

/** Looks the same way whether a file can be changed where it lies. */
export async function refuseInPlace(path: string, io: Io): Promise<void> {
  const undo = undoPath(await io.disk.followed(path))
  if ((await io.disk.identity(undo)) !== undefined)
    throw new DiskError(`${undo} is there from an earlier repair: take that back with vits undo, or remove it`)
  await io.disk.refuseReadOnly(path)
  await io.disk.refuseUnwritable(undo, 0)
}
