import { FormatError } from './format-error.ts'

/** Random-access bytes that may be far away: a file, a Blob, an HTTP range, an object in a bucket. */
export interface ByteSource {
  readonly byteLength: number
  /**
   * The bytes from `start` up to, not including, `end`; both lie inside the source. They are valid until the next call that
   * is given the same `scratch`: room of at least `end - start` bytes that a source may fill and return instead of new memory.
   */
  slice(start: number, end: number, scratch?: Uint8Array): Promise<Uint8Array>
}

/** Bytes already in memory. Slices share that memory. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return { byteLength: bytes.length, slice: async (start, end) => bytes.subarray(start, end) }
}

/** The part of a browser's Blob or File that is needed. */
export interface BlobLike {
  readonly size: number
  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> }
}

export function blobSource(blob: BlobLike): ByteSource {
  return { byteLength: blob.size, slice: async (start, end) => new Uint8Array(await blob.slice(start, end).arrayBuffer()) }
}

/** `bytes` bytes of `source` from `start` on, as a source of their own. */
export function partOf(source: ByteSource, start: number, bytes = source.byteLength - start): ByteSource {
  return { byteLength: bytes, slice: (from, to, scratch) => source.slice(start + from, start + to, scratch) }
}

/** Reads exactly `bytes` bytes at `offset`. @throws FormatError naming `what` when the source ends before. */
export async function readExactly(source: ByteSource, offset: number, bytes: number, what: string): Promise<Uint8Array> {
  if (offset + bytes > source.byteLength) throw truncated(source.byteLength, what)
  const read = await source.slice(offset, offset + bytes)
  if (read.length !== bytes) throw truncated(offset + read.length, what)
  return read
}

export function truncated(end: number, expected: string): FormatError {
  return new FormatError(end, expected, 'the end of the file')
}
