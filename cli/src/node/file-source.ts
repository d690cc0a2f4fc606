import type { ByteSource } from '@vits/core/formats'

/** What stat(2) counts by. */
const BLOCK_BYTES = 512

/** A FileHandle, or as much of one. */
interface Readable {
  stat(): Promise<{ readonly size: number; readonly blocks: number }>
  read(into: Uint8Array, at: number, bytes: number, position: number): Promise<{ readonly bytesRead: number }>
}

/** An open file as a source of bytes. The handle stays the caller's to close. */
export async function fileSource(file: Readable): Promise<ByteSource> {
  const { size, blocks } = await file.stat()
  return {
    byteLength: size,
    storedBytes: Math.min(size, blocks * BLOCK_BYTES),
    slice: async (start, end, scratch) => {
      const room = scratch?.subarray(0, end - start) ?? new Uint8Array(end - start)
      let done = 0
      while (done < room.length) {
        const { bytesRead } = await file.read(room, done, room.length - done, start + done)
        if (bytesRead === 0) break
        done += bytesRead
      }
      return room.subarray(0, done)
    },
  }
}
