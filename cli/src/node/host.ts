import type * as promises from 'node:fs/promises'
import { dirname, isAbsolute } from 'node:path'
import type { Writer } from './writer.ts'

/** The calls of node:fs/promises that change the disk or look at names: a test stops, counts or fails each of them. */
export type FileSystem = Pick<
  typeof promises,
  | 'access'
  | 'link'
  | 'lstat'
  | 'mkdir'
  | 'open'
  | 'readdir'
  | 'readlink'
  | 'realpath'
  | 'rename'
  | 'rmdir'
  | 'stat'
  | 'statfs'
  | 'unlink'
>

/** Where files are, and who writes them. */
export interface Host {
  readonly fs: FileSystem
  readonly writer: Writer
}

/** The file itself, where a path is a link; also when that is not there yet. */
export async function followed(path: string, { fs }: Pick<Host, 'fs'>, most = 40): Promise<string> {
  try {
    return await fs.realpath(path)
  } catch (error) {
    const to = await fs.readlink(path).catch(() => undefined)
    if (to === undefined) return path
    if (most === 0) throw error
    // Put together as text, and not shortened: `..` behind a link to a folder is not where it seems.
    return followed(isAbsolute(to) ? to : `${await fs.realpath(dirname(path))}/${to}`, { fs }, most - 1)
  }
}
