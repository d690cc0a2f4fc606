import type { ByteSource } from './byte-source.ts'
import type { MachineFile, SavedFile } from './machine-file.ts'
import { compressionOf, decodedSource } from './packed/decoded-source.ts'
import type { OpenOptions } from './saved-machine.ts'
import { latin1 } from './stream-reader.ts'

/** By these bytes a file is recognised. */
const FIRST_BYTES = 256

/** The bytes that a file begins with, as Latin-1. */
export async function firstBytes(source: ByteSource): Promise<string> {
  return latin1(await source.slice(0, Math.min(FIRST_BYTES, source.byteLength)))
}

/** The file with what it is compressed with taken off, and the progress that is left to show. */
export async function unpacked(file: MachineFile, options: OpenOptions): Promise<readonly [SavedFile, OpenOptions]> {
  const compression = compressionOf(await firstBytes(file.source))
  const source = await unpackedSource(file.source, compression === undefined ? options : firstHalf(options))
  const left = compression === undefined ? options : secondHalf(options)
  return [{ ...file, compression, container: { kind: 'plain' }, source }, left]
}

/**
 * What a file holds, with the gzip, zstd, bzip2, xz or lzop taken off that it may be compressed with; the file itself where it is not.
 *
 * @throws FormatError with the byte of the compressed file where it is damaged.
 */
export async function unpackedSource(source: ByteSource, options: OpenOptions = {}): Promise<ByteSource> {
  const compression = compressionOf(await firstBytes(source))
  return compression === undefined ? source : decodedSource({ source, compression, base: 0 }, options)
}

/** What is compressed is gone through twice. */
export const firstHalf = ({ progress, ...options }: OpenOptions): OpenOptions =>
  progress === undefined ? options : { ...options, progress: (done, total) => progress(done, 2 * total) }

export const secondHalf = ({ progress, ...options }: OpenOptions): OpenOptions =>
  progress === undefined ? options : { ...options, progress: (done, total) => progress(total + done, 2 * total) }
