import { gunzipSync, inflateSync } from 'node:zlib'
import { type Codecs, FormatError } from '@vits/core/formats'
import { Decompress } from 'fzstd'

/** A compressed file is held decompressed, as one piece: more than this is not worth the memory it takes, nor any bomb's. */
const LARGEST = 2 ** 31

/** The decompressors that the formats of core ask for. Node 20 has no zstd of its own. */
export const codecs: Codecs = codecsUpTo(LARGEST)

/** Decompressors that give up at `largest` bytes. */
export function codecsUpTo(largest: number): Codecs {
  return {
    zstd: (bytes) => unzstd(bytes, largest),
    gzip: (bytes) => zlibUpTo(largest, 'gzip -d', () => gunzipSync(bytes, { maxOutputLength: largest })),
    zlib: (bytes) => inflateSync(bytes, { maxOutputLength: largest }),
  }
}

/** Block by block, because a frame may lie about its size or not tell it. */
function unzstd(bytes: Uint8Array, largest: number): Uint8Array {
  const pieces: Uint8Array[] = []
  let total = 0
  const stream = new Decompress((piece) => {
    total += piece.length
    if (total > largest) throw tooLarge(largest, 'zstd -d')
    pieces.push(piece)
  })
  stream.push(bytes, true)
  return Buffer.concat(pieces, total)
}

function zlibUpTo(largest: number, command: string, work: () => Uint8Array): Uint8Array {
  try {
    return work()
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge(largest, command) : error
  }
}

const tooLarge = (largest: number, command: string) =>
  new FormatError(0, `at most ${largest / 2 ** 20} MiB in a compressed file`, `more: decompress it first (${command})`)
