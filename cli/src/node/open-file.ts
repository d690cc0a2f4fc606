import { constants, type Stats } from 'node:fs'
import { Socket } from 'node:net'
import { DiskError, type FileIdentity } from '../disk.ts'
import { type OpenFile, STDIN } from '../io.ts'
import { Descriptor } from './descriptor.ts'
import { diskSource, fileSource } from './file-source.ts'
import { KEPT_BYTES, spooled } from './spool.ts'

/**
 * Opens a file, a disk or standard input (`-`) for random access. A pipe is read to its end first; of what comes out of it at most
 * `keeping` bytes are kept in memory.
 */
export async function openFile(path: string, keeping = KEPT_BYTES): Promise<OpenFile> {
  // Without O_NONBLOCK, opening a FIFO that nobody writes to waits for ever, and no signal ends it.
  const file = path === STDIN ? new Descriptor(0) : await Descriptor.open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const stats = await file.stat()
  const passing = path === STDIN || !stats.isFile() ? { passing: passingIdentity(stats) } : {}
  // Standard input is not ours to close.
  const close = async () => (path === STDIN ? undefined : file.close())
  if (stats.isFile()) return { ...(await fileSource(file)), ...passing, close }
  if (stats.isBlockDevice()) return { ...(await diskSource(file)), ...passing, close }
  if (stats.isFIFO() || stats.isSocket()) {
    // Reading through a socket waits without a thread: a signal need not wait for the writer. It closes the descriptor.
    const pieces = new Socket({ fd: file.fd, readable: true, writable: false })
    return { ...(await spooled(pieces, keeping)), ...passing }
  }
  await close()
  throw new DiskError(`is ${stats.isDirectory() ? 'a directory' : 'a device'}, and only files, pipes and disks are read`)
}

/** Nobody but its owner may read what came from what has no mode of a file. */
function passingIdentity({ mode, uid, gid, size }: Stats): FileIdentity {
  return { bytes: size, stamp: '', inode: '', isFile: false, mode: mode & 0o600, uid, gid }
}
