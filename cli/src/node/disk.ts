import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, realpath, rename, rm, stat, statfs, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Edit } from '@vits/core/formats'
import { type Approve, type Disk, DiskError, type NewFile } from '../disk.ts'
import { reason } from '../failure.ts'
import { unfinished } from './unfinished.ts'

/** The disk of this machine. */
export const nodeDisk: Disk = {
  identity: async (path) => {
    try {
      const { size, mtimeNs, ctimeNs, ino, dev, mode } = await stat(path, { bigint: true })
      const inode = `${dev}:${ino}`
      return { bytes: Number(size), inode, stamp: `${inode}:${size}:${mtimeNs}:${ctimeNs}`, mode: Number(mode) & 0o777 }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  },
  create,
  createFolder,
  patch,
  remove: async (path) => {
    await unlink(path)
    await syncFolder(dirname(path))
  },
}

/** Writes what a link leads to, not the link; what is no regular file, as /dev/null, is never replaced. */
async function create(path: string, file: NewFile, approve?: Approve): Promise<void> {
  const target = await realpath(path).catch(() => path)
  const there = await stat(target).catch(() => undefined)
  if (there?.isFile() === false) throw new DiskError(`cannot write ${path}: it is not a regular file`)
  await needRoom(target, file.bytes)
  await appear(target, (temporary) => writeNew(temporary, file, path), approve)
}

async function createFolder(path: string, files: ReadonlyMap<string, NewFile>, approve: Approve): Promise<void> {
  const target = await realpath(path).catch(() => path)
  await needRoom(
    target,
    [...files.values()].reduce((sum, { bytes }) => sum + bytes, 0),
  )
  const write = async (temporary: string) => {
    await mkdir(temporary).catch(cannotWrite(path))
    for (const [name, file] of files) await writeNew(join(temporary, name), file, join(path, name))
    await syncFolder(temporary)
  }
  await appear(target, write, approve)
}

/** Writes under a temporary name beside `path`, and gives what is complete and approved its name. Nothing stays of what is not. */
async function appear(path: string, write: (temporary: string) => Promise<void>, approve?: Approve): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.part`)
  unfinished.add(temporary)
  try {
    await write(temporary)
    await approve?.(temporary)
    await rename(temporary, path).catch(cannotWrite(path))
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    throw error
  } finally {
    unfinished.delete(temporary)
  }
  await syncFolder(dirname(path))
}

/** A complete, synced file; `named`: what it is to be called in the end. */
async function writeNew(path: string, { bytes, pieces, mode }: NewFile, named: string): Promise<void> {
  const file = await open(path, 'wx', mode).catch(cannotWrite(named))
  try {
    await writeAll(file, bytes, pieces)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function needRoom(path: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(path)).catch(cannotWrite(path))
  const room = bavail * bsize
  if (bytes > room) throw new DiskError(`no room: ${path} needs ${bytes} bytes, and ${dirname(path)} has ${room}`)
}

/** The error of a system call about a new file, told with that file's name: a command mostly names the one it reads. */
function cannotWrite(path: string): (error: unknown) => never {
  return (error) => {
    throw new DiskError(`cannot write ${path}: ${reason(error)}`, { cause: error })
  }
}

async function writeAll(file: FileHandle, bytes: number, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  let at = 0
  for await (const piece of pieces) {
    await writeAt(file, piece, at)
    at += piece.length
  }
  if (at !== bytes) throw new DiskError(`${at} bytes were written where ${bytes} were expected`)
}

async function writeAt(file: FileHandle, piece: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < piece.length; ) {
    const { bytesWritten } = await file.write(piece, done, piece.length - done, at + done)
    done += bytesWritten
  }
}

async function patch(path: string, edits: readonly Edit[]): Promise<void> {
  const file = await open(path, 'r+')
  try {
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
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
