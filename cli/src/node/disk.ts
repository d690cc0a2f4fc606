import { type BigIntStats, constants } from 'node:fs'
import promises, { type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Edit } from '@vits/core/formats'
import { type Appearing, type Disk, DiskError, type FileIdentity, type NewFile, type NewFolder } from '../disk.ts'
import { reason } from '../failure.ts'
import { type FileSystem, followed, type Host } from './host.ts'
import { discard, newLeftover, sweep } from './leftovers.ts'
import { lock } from './lock.ts'
import { newFileLike, newFolderLike, takeOwner } from './permissions.ts'
import { unfinished } from './unfinished.ts'
import { thisProcess } from './writer.ts'

/** A disk, as a process sees it. */
export function diskOf(host: Host): Disk {
  const { fs } = host
  return {
    identity: (path) => identity(path, fs),
    followed: (path) => followed(path, host),
    refuseUnwritable: async (path, bytes) => refuseUnwritable(await followed(path, host), { bytes, named: path }, host),
    refuseReadOnly: async (path) => {
      await fs.access(path, constants.F_OK)
      await fs.access(path, constants.W_OK).catch(cannotWrite(path))
    },
    lock: (paths) => lock(paths, host),
    create: (path, file, how = {}) => create(path, { file, how }, host),
    createFolder: (path, folder, approve) => createFolder(path, { folder, how: { approve, replace: true } }, host),
    patch: (path, edits, was) => patch(path, { edits, was }, fs),
    remove: async (path) => {
      await fs.unlink(path)
      await syncFolder(dirname(path), fs)
    },
  }
}

/** The disk of this machine. */
export const nodeDisk: Disk = diskOf({ fs: promises, writer: thisProcess() })

async function identity(path: string, fs: FileSystem): Promise<FileIdentity | undefined> {
  try {
    return identityOf(await fs.stat(path, { bigint: true }))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}

function identityOf(stats: BigIntStats): FileIdentity {
  const { size, mtimeNs, ctimeNs, ino, dev, mode, uid, gid } = stats
  const inode = `${dev}:${ino}`
  return {
    bytes: Number(size),
    stamp: `${inode}:${size}:${mtimeNs}:${ctimeNs}`,
    modified: utc(mtimeNs),
    inode,
    isFile: stats.isFile(),
    mode: Number(mode) & 0o777,
    uid: Number(uid),
    gid: Number(gid),
  }
}

const SECOND = 10n ** 9n

/** Nanoseconds since 1970 as ISO 8601 has them. */
function utc(ns: bigint): string {
  const [seconds, rest] = [ns / SECOND, ns % SECOND]
  // Times before 1970 count back from a whole second.
  const [whole, part] = rest < 0n ? [seconds - 1n, rest + SECOND] : [seconds, rest]
  return `${new Date(Number(whole) * 1000).toISOString().slice(0, -5)}.${String(part).padStart(9, '0')}Z`
}

/** What is asked of a disk for: the bytes, and the name that the user knows. */
interface Wanted {
  readonly bytes: number
  readonly named: string
}

async function refuseUnwritable(path: string, { bytes, named }: Wanted, host: Host): Promise<void> {
  const { fs } = host
  const folder = dirname(path)
  await fs.access(folder, constants.W_OK | constants.X_OK).catch(cannotWrite(named))
  // What dead processes left takes room too.
  await sweep(folder, host)
  const { bavail, bsize } = await fs.statfs(folder).catch(cannotWrite(named))
  const room = bavail * bsize
  if (bytes > room) throw new DiskError(`no room: ${named} needs ${bytes} bytes, and ${folder} has ${room}`)
}

/** Writes what a link leads to, not the link; what is no regular file, as /dev/null, is never replaced. */
async function create(path: string, { file, how }: { file: NewFile; how: Appearing }, host: Host): Promise<void> {
  const target = how.unlinked === true ? path : await followed(path, host)
  const there = await identity(target, host.fs)
  if (there?.isFile === false) throw new DiskError(`cannot write ${path}: it is not a regular file`)
  await refuseUnwritable(target, { bytes: file.isPacked === true ? 0 : file.bytes, named: path }, host)
  const asked = { named: path, keepsOwner: there !== undefined && there.inode === file.like?.inode }
  await appear(target, { write: (temporary) => writeNew(temporary, file, asked, host.fs), how }, host)
}

async function createFolder(path: string, { folder, how }: { folder: NewFolder; how: Appearing }, host: Host): Promise<void> {
  const { fs } = host
  const target = await followed(path, host)
  const bytes = [...folder.files.values()].reduce((sum, file) => sum + file.bytes, 0)
  await refuseUnwritable(target, { bytes, named: path }, host)
  const write = async (temporary: string) => {
    await newFolderLike(temporary, folder.like, fs).catch(cannotWrite(path))
    for (const [name, file] of folder.files) await writeNew(join(temporary, name), file, { named: join(path, name) }, fs)
    await syncFolder(temporary, fs)
  }
  await appear(target, { write, how }, host)
}

/** What is to appear, and how. */
interface Making {
  readonly how: Appearing
  write(temporary: string): Promise<void>
}

/** Writes under a temporary name beside `path`, and gives what is complete and approved its name. Nothing stays of what is not. */
async function appear(path: string, { write, how }: Making, host: Host): Promise<void> {
  const temporary = newLeftover(path, 'part', host)
  unfinished.add(temporary)
  try {
    await write(temporary)
    await how.approve?.(temporary)
    const named = how.replace === true ? host.fs.rename(temporary, path) : nameNew(temporary, path, host.fs)
    await named.catch(cannotWrite(path))
  } catch (error) {
    await discard(temporary, host).catch(() => {})
    throw error
  } finally {
    unfinished.delete(temporary)
  }
  await syncFolder(dirname(path), host.fs)
}

/** What link(2) says where there are no hard links, as on FAT and some network file systems. */
const LINKLESS: ReadonlySet<string | undefined> = new Set(['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP'])

/** Gives a file a name that no other file has: unlike rename(2), link(2) never takes the place of one. */
async function nameNew(temporary: string, path: string, fs: FileSystem): Promise<void> {
  try {
    await fs.link(temporary, path)
  } catch (error) {
    if (!LINKLESS.has((error as NodeJS.ErrnoException).code)) throw error
    // A moment remains in which a file that comes up is replaced; where it would matter there is the lock.
    if ((await identity(path, fs)) !== undefined) throw new DiskError('file already exists', { cause: error })
    return fs.rename(temporary, path)
  }
  // A second name that stays does no harm, and is swept some day.
  await fs.unlink(temporary).catch(() => {})
}

interface Naming {
  /** What it is to be called in the end. */
  readonly named: string
  /** It takes the place of the file that its contents are from. */
  readonly keepsOwner?: boolean
}

/** A complete, synced file. */
async function writeNew(
  path: string,
  { bytes, isPacked, pieces, like }: NewFile,
  { named, keepsOwner }: Naming,
  fs: FileSystem,
): Promise<void> {
  const file = await newFileLike(path, like, fs).catch(cannotWrite(named))
  try {
    if (keepsOwner === true && like !== undefined) await takeOwner(file, like)
    await writeAll(file, isPacked === true ? undefined : bytes, pieces)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** The error of a system call about a new file, told with that file's name: a command mostly names the one it reads. */
function cannotWrite(path: string): (error: unknown) => never {
  return (error) => {
    throw new DiskError(`cannot write ${path}: ${reason(error)}`, { cause: error })
  }
}

async function writeAll(file: FileHandle, bytes: number | undefined, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  let at = 0
  for await (const piece of pieces) {
    await writeAt(file, piece, at)
    at += piece.length
  }
  if (bytes !== undefined && at !== bytes) throw new DiskError(`${at} bytes were written where ${bytes} were expected`)
}

async function writeAt(file: FileHandle, piece: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < piece.length; ) {
    const { bytesWritten } = await file.write(piece, done, piece.length - done, at + done)
    done += bytesWritten
  }
}

interface Patch {
  readonly edits: readonly Edit[]
  readonly was: FileIdentity | undefined
}

async function patch(path: string, { edits, was }: Patch, fs: FileSystem): Promise<void> {
  const file = await fs.open(path, 'r+')
  try {
    // Of the open file: its name could have been given to another since it was looked at.
    const { stamp } = identityOf(await file.stat({ bigint: true }))
    if (stamp !== was?.stamp) throw new DiskError(`${path} was changed while it was read; nothing was written to it`)
    for (const { offset, remove, insert } of edits) {
      if (remove !== insert.length) throw new RangeError(`${remove} bytes cannot become ${insert.length} where they lie`)
      await writeAt(file, insert, offset)
    }
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A new name is safe only when the folder that holds it is. */
async function syncFolder(path: string, fs: FileSystem): Promise<void> {
  const folder = await fs.open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
