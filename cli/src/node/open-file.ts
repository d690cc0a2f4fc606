import { open } from 'node:fs/promises'
import type { OpenFile } from '../io.ts'
import { fileSource } from './file-source.ts'

/** Opens a file of the disk for random access. */
export async function openFile(path: string): Promise<OpenFile> {
  const handle = await open(path, 'r')
  if ((await handle.stat()).isDirectory()) {
    await handle.close()
    throw Object.assign(new Error('is a directory'), { code: 'EISDIR' })
  }
  return { ...(await fileSource(handle)), close: () => handle.close() }
}
