import { gzipSync } from 'node:zlib'
import { fileOf } from '../disk.ts'
import { packingOf } from '../node/packing.ts'

/** The bytes of a case, packed with gzip unless the name of its file asks for zstd. */
export async function packedCase(bytes: Uint8Array, output: string): Promise<Uint8Array> {
  const packing = packingOf(output)
  if (packing?.name !== 'zstd') return gzipSync(bytes, { level: 9 })
  const parts: Uint8Array[] = []
  for await (const part of packing.pack(fileOf(bytes, undefined).pieces)) parts.push(part)
  return Buffer.concat(parts)
}
