import type { FileHandle } from 'node:fs/promises'
import type { FileIdentity } from '../disk.ts'
import type { FileSystem } from './host.ts'

/**
 * A new, empty file that lets nobody do what `like` does not let him, from its first moment on: it holds memory of the same guest. The
 * umask may take more away. Its group is the one that new files get in that folder; only where that is the group of `like` too may
 * it have what `like` gives to its group. That is seen of a file that is there, and so a second one takes its place.
 */
export async function newFileLike(path: string, like: FileIdentity | undefined, fs: FileSystem): Promise<FileHandle> {
  if (like === undefined) return fs.open(path, 'wx')
  const file = await fs.open(path, 'wx', ofAnotherGroup(like.mode))
  if (ofAnotherGroup(like.mode) === like.mode) return file
  const { gid } = await file.stat().finally(() => file.close())
  await fs.unlink(path)
  if (gid !== like.gid) return fs.open(path, 'wx', ofAnotherGroup(like.mode))
  return fs.open(path, 'wx', like.mode)
}

/** The same for a folder. */
export async function newFolderLike(path: string, like: FileIdentity | undefined, fs: FileSystem): Promise<void> {
  if (like === undefined) return fs.mkdir(path).then(() => {})
  // Its owner has to write the files into it.
  const mode = like.mode | 0o700
  await fs.mkdir(path, ofAnotherGroup(mode))
  if (ofAnotherGroup(mode) === mode || (await fs.stat(path)).gid !== like.gid) return
  await fs.rmdir(path)
  await fs.mkdir(path, mode)
}

/** What stays of a mode for a file of another group: nothing for the group, and for all others what the group of `like` had too. */
const ofAnotherGroup = (mode: number): number => (mode & 0o700) | (mode & (mode >> 3) & 0o007)

/** Gives a file that takes the place of `like` its owner, its group and then its mode; who may not do so keeps the narrower ones. */
export async function takeOwner(file: FileHandle, like: FileIdentity): Promise<void> {
  try {
    await file.chown(like.uid, like.gid)
    await file.chmod(like.mode)
  } catch {
    // It is complete all the same.
  }
}
