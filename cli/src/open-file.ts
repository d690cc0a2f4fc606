import { open } from 'node:fs/promises'
import type { OpenFile } from './io.ts'

/** Opens a file of the disk for random access. */
export async function openFile(path: string): Promise<OpenFile> {
  const handle = await open(path, 'r')
  const stat = await handle.stat()
  if (stat.isDirectory()) {
    await handle.close()
    throw Object.assign(new Error('is a directory'), { code: 'EISDIR' })
  }
  return {
    byteLength: stat.size,
    slice: async (start, end) => {
      const bytes = new Uint8Array(Math.max(0, Math.min(end, stat.size) - start))
      let done = 0
      while (done < bytes.length) {
        const { bytesRead } = await handle.read(bytes, done, bytes.length - done, start + done)
        if (bytesRead === 0) break
        done += bytesRead
      }
      return bytes.subarray(0, done)
    },
    close: () => handle.close(),
  }
}
