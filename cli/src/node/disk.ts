import { randomBytes } from 'node:crypto'
import { unlinkSync } from 'node:fs'
import { type FileHandle, open, realpath, rename, stat, statfs, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Edit } from '@vits/core/formats'
import { type Disk, DiskError, type NewFile } from '../disk.ts'
import { reason } from '../failure.ts'

/** Files under a temporary name, to be removed when the program is stopped. */
const unfinished = new Set<string>()

/** Removes what was not completed: for a program that is about to exit. */
export function removeUnfinished(): void {
  for (const path of unfinished) {
    try {
      unlinkSync(path)
    } catch {
      // It has its name by now, or never came to be.
    }
  }
}

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
  patch,
  remove: async (path) => {
    await unlink(path)
    await syncFolder(path)
  },
}

/** Writes what a link leads to, not the link; what is no regular file, as /dev/null, is never replaced. */
async function create(path: string, file: NewFile): Promise<void> {
  const target = await realpath(path).catch(() => path)
  const there = await stat(target).catch(() => undefined)
  if (there?.isFile() === false) throw new DiskError(`cannot write ${path}: it is not a regular file`)
  await createAt(target, file)
}

async function createAt(path: string, { bytes, pieces, approve, mode }: NewFile): Promise<void> {
  await needRoom(path, bytes)
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.part`)
  const file = await open(temporary, 'wx', mode).catch(cannotWrite(path))
  unfinished.add(temporary)
  try {
    try {
      await writeAll(file, bytes, pieces)
      await file.sync()
    } finally {
      await file.close()
    }
    await approve?.(temporary)
    await rename(temporary, path)
  } catch (error) {
    await unlink(temporary).catch(() => {})
    throw error
  } finally {
    unfinished.delete(temporary)
  }
  await syncFolder(path)
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
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
