import type { ByteSource } from '@vits/core/formats'

/** What stat(2) counts by. */
const BLOCK_BYTES = 512
const LARGEST_DISK = 2 ** 52

/** A FileHandle, or as much of one. */
interface Readable {
  read(into: Uint8Array, at: number, bytes: number, position: number): Promise<{ readonly bytesRead: number }>
}
interface Statable extends Readable {
  stat(): Promise<{ readonly size: number; readonly blocks: number }>
}

/** An open file as a source of bytes. The handle stays the caller's to close. */
export async function fileSource(file: Statable): Promise<ByteSource> {
  const { size, blocks } = await file.stat()
  return { ...source(file, size), storedBytes: Math.min(size, blocks * BLOCK_BYTES) }
}

/** The same of a disk, as a logical volume is one: stat(2) does not tell how long it is, but that nothing is read behind its end does. */
export async function diskSource(file: Readable): Promise<ByteSource> {
  const byte = new Uint8Array(1)
  const holds = async (at: number) => (await file.read(byte, 0, 1, at)).bytesRead === 1
  let [inside, beyond] = [0, 1]
  while (beyond < LARGEST_DISK && (await holds(beyond - 1))) [inside, beyond] = [beyond, beyond * 2]
  while (beyond - inside > 1) {
    const middle = inside + Math.floor((beyond - inside) / 2)
    if (await holds(middle - 1)) inside = middle
    else beyond = middle
  }
  return source(file, inside)
}

function source(file: Readable, size: number): ByteSource {
  return {
    byteLength: size,
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
