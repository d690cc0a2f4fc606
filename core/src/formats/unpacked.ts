import type { ByteSource } from './byte-source.ts'
import type { MachineFile, SavedFile } from './machine-file.ts'
import type { Compression } from './origin.ts'
import { decodedSource } from './packed/decoded-source.ts'
import type { OpenOptions } from './saved-machine.ts'
import { latin1 } from './stream-reader.ts'

/** What compressed files begin with. */
const packings: readonly (readonly [magic: string, compression: Compression])[] = [
  ['\x28\xb5\x2f\xfd', 'zstd'],
  ['\x1f\x8b', 'gzip'],
]

/** By these bytes a file is recognised. */
const FIRST_BYTES = 256

/** The bytes that a file begins with, as Latin-1. */
export async function firstBytes(source: ByteSource): Promise<string> {
  return latin1(await source.slice(0, Math.min(FIRST_BYTES, source.byteLength)))
}

/** How a file that begins so is compressed as a whole. */
export const compressionOf = (start: string): Compression | undefined => packings.find(([magic]) => start.startsWith(magic))?.[1]

/** The file with what it is compressed with taken off, and the progress that is left to show. */
export async function unpacked(file: MachineFile, options: OpenOptions): Promise<readonly [SavedFile, OpenOptions]> {
  const compression = compressionOf(await firstBytes(file.source))
  const plain = { ...file, compression, container: { kind: 'plain' } } as const
  if (compression === undefined) return [plain, options]
  const source = await decodedSource({ source: file.source, compression, base: 0 }, firstHalf(options))
  return [{ ...plain, source }, secondHalf(options)]
}

/** What is compressed is gone through twice. */
export const firstHalf = ({ progress, ...options }: OpenOptions): OpenOptions =>
  progress === undefined ? options : { ...options, progress: (done, total) => progress(done, 2 * total) }

export const secondHalf = ({ progress, ...options }: OpenOptions): OpenOptions =>
  progress === undefined ? options : { ...options, progress: (done, total) => progress(total + done, 2 * total) }
