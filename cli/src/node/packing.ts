import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { zstdFrame } from '@vits/core/formats'

type Pieces = AsyncIterable<Uint8Array>

/** How a new file is compressed. */
export interface Packing {
  /** As people call it. */
  readonly name: 'gzip' | 'zstd'
  pack(pieces: Pieces): Pieces
}

/** As its name ends; undefined where nothing is asked for. */
export function packingOf(path: string): Packing | undefined {
  if (path.endsWith('.gz')) return { name: 'gzip', pack: gzip }
  return path.endsWith('.zst') ? { name: 'zstd', pack: zstdFrame } : undefined
}

async function* gzip(pieces: Pieces): AsyncGenerator<Uint8Array> {
  const packer = createGzip()
  // What fails here ends what is read below with the same error.
  const fed = pipeline(Readable.from(pieces), packer).catch(() => {})
  yield* packer as Pieces
  await fed
}
