import { gzipSync } from 'node:zlib'
import type { Compression } from '../index.ts'
import { writeBzip2 } from './bzip2-writer.ts'
import { writeLzop, writeXz, writeZstd } from './packed-writers.ts'

/** Every compression: the number that libvirt has for it, and what packs with it. */
export const packers: Readonly<Record<Compression, { readonly storage: number; pack(bytes: Uint8Array): Uint8Array }>> = {
  gzip: { storage: 1, pack: gzipSync },
  bzip2: { storage: 2, pack: writeBzip2 },
  xz: { storage: 3, pack: writeXz },
  lzop: { storage: 4, pack: writeLzop },
  zstd: { storage: 5, pack: writeZstd },
}
