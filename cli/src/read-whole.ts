import type { Io } from './io.ts'

/** All bytes of a small file. */
export async function readWhole(path: string, io: Io): Promise<Uint8Array> {
  const file = await io.open(path)
  try {
    return await file.slice(0, file.byteLength)
  } finally {
    await file.close()
  }
}
