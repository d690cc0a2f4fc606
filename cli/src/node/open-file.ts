import { constants, type Stats } from 'node:fs'
import { open } from 'node:fs/promises'
import { DiskError } from '../disk.ts'
import type { OpenFile } from '../io.ts'
import { fileSource } from './file-source.ts'

/** Opens a file of the disk for random access. */
export async function openFile(path: string): Promise<OpenFile> {
  // Without O_NONBLOCK, opening a FIFO that nobody writes to waits for ever, and no signal ends it.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const kind = unseekable(await handle.stat())
  if (kind !== undefined) {
    await handle.close()
    throw new DiskError(`is ${kind}, and only regular files are read`)
  }
  return { ...(await fileSource(handle)), close: () => handle.close() }
}

/** What a file is that has no size to read up to. */
function unseekable(stats: Stats): string | undefined {
  if (stats.isFile()) return undefined
  if (stats.isDirectory()) return 'a directory'
  if (stats.isFIFO()) return 'a pipe'
  if (stats.isSocket()) return 'a socket'
  return 'a device'
}
