import { FormatError } from './format-error.ts'

/**
 * Decompresses one whole piece, at once or in its own time, as a browser's DecompressionStream does. It throws or rejects for rubbish.
 * The offset of a FormatError that it throws is one in that piece.
 */
export type Codec = (bytes: Uint8Array) => Uint8Array | PromiseLike<Uint8Array>

/** Decompressors, injected because core has no dependencies. */
export interface Codecs {
  /** One frame of RFC 8878; its checksum is verified here, whether the decoder does or not. */
  readonly zstd?: Codec
  /** RFC 1952, with its CRC verified, as zlib and browsers do. */
  readonly gzip?: Codec
  /** RFC 1950, for the pages of streams saved with the `compress` capability. */
  readonly zlib?: Codec
}

/**
 * Runs a decompressor; whatever it throws, unless it says more itself, means that the bytes at `offset` are not what they should be.
 * The answer is a promise only if the decompressor's is.
 */
export function decode(codec: Codec, bytes: Uint8Array, offset: number, name: string): Uint8Array | Promise<Uint8Array> {
  const failed = (error: unknown): never => {
    if (error instanceof FormatError) throw new FormatError(offset + error.offset, error.expected, error.found, { cause: error })
    throw new FormatError(offset, `data compressed with ${name}`, `data it cannot decode (${String(error)})`, { cause: error })
  }
  try {
    const decoded = codec(bytes)
    return decoded instanceof Uint8Array ? decoded : Promise.resolve(decoded).catch(failed)
  } catch (error) {
    return failed(error)
  }
}
