import { FormatError } from './format-error.ts'

/** Random-access bytes that may be far away: a file, a Blob, an HTTP range, an object in a bucket. */
export interface ByteSource {
  readonly byteLength: number
  /** What they take where they lie, when that is less: of a compressed file its own length. */
  readonly storedBytes?: number
  /** Where it has bytes that were written, in order, if the operating system tells: all else are holes, which read as zeros. */
  readonly written?: readonly ByteRange[]
  /**
   * The bytes from `start` up to, not including, `end`; both lie inside the source. They are valid until the next call that
   * is given the same `scratch`: room of at least `end - start` bytes that a source may fill and return instead of new memory.
   */
  slice(start: number, end: number, scratch?: Uint8Array): Promise<Uint8Array>
}

/** From `start` up to, not including, `end`. */
export interface ByteRange {
  readonly start: number
  readonly end: number
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

/** Two sources, one behind the other. */
export function joined(first: ByteSource, second: ByteSource): ByteSource {
  const split = first.byteLength
  return {
    byteLength: split + second.byteLength,
    storedBytes: storedBytes(first) + storedBytes(second),
    slice: async (start, end, scratch) => {
      if (start >= split) return second.slice(start - split, end - split, scratch)
      if (end <= split) return first.slice(start, end, scratch)
      const bytes = new Uint8Array(end - start)
      bytes.set(await first.slice(start, split))
      bytes.set(await second.slice(0, end - split), split - start)
      return bytes
    },
  }
}

/** The source, with its bytes from `start` to `end` read once and then kept. */
export async function holding(source: ByteSource, start: number, end: number): Promise<ByteSource> {
  const held = (await source.slice(start, end)).slice()
  return {
    byteLength: source.byteLength,
    storedBytes: storedBytes(source),
    slice: async (from, to, scratch) => {
      if (from < start || to > start + held.length) return source.slice(from, to, scratch)
      return held.subarray(from - start, to - start)
    },
  }
}

/** What a source takes where it lies. */
export const storedBytes = ({ byteLength, storedBytes }: ByteSource): number => storedBytes ?? byteLength

/** Reads exactly `bytes` bytes at `offset`; into `scratch` as `slice` does. @throws FormatError naming `what` when the source ends before. */
export async function readExactly(
  source: ByteSource,
  offset: number,
  bytes: number,
  what: string,
  scratch?: Uint8Array,
): Promise<Uint8Array> {
  if (offset + bytes > source.byteLength) throw truncated(source.byteLength, what)
  const read = await source.slice(offset, offset + bytes, scratch)
  if (read.length !== bytes) throw truncated(offset + read.length, what)
  return read
}

export function truncated(end: number, expected: string): FormatError {
  return new FormatError(end, expected, 'the end of the file')
}
