import { type ByteSource, unpackedSource } from '@vits/core/formats'
import type { Io } from '../io.ts'

/** All bytes of a small file. */
export const readWhole = (path: string, io: Io): Promise<Uint8Array> => read(path, io, async (file) => file)

/** All bytes of what a small file holds, which may be compressed. */
export const readUnpacked = (path: string, io: Io): Promise<Uint8Array> => read(path, io, unpackedSource)

async function read(path: string, io: Io, within: (file: ByteSource) => Promise<ByteSource>): Promise<Uint8Array> {
  const file = await io.open(path)
  try {
    const source = await within(file)
    return await source.slice(0, source.byteLength)
  } finally {
    await file.close()
  }
}
