import type { GicRegisters, MsiFunction } from '../abi/index.ts'
import type { Gpa, GpaRange, LoadableMemory } from '../memory/index.ts'
import type { ByteSource } from './byte-source.ts'
import type { Edit } from './edits.ts'

/** Decompressors, injected because core has no dependencies. Each takes one whole compressed piece and may throw. */
export interface Codecs {
  readonly zstd?: (bytes: Uint8Array) => Uint8Array
  readonly gzip?: (bytes: Uint8Array) => Uint8Array
  /** RFC 1950, for the pages of streams saved with the `compress` capability. */
  readonly zlib?: (bytes: Uint8Array) => Uint8Array
}

export interface OpenOptions {
  readonly codecs?: Codecs
  /** Bytes of the file indexed so far, and all of them. */
  readonly progress?: (done: number, total: number) => void
}

/** A saved machine whose RAM has been located but not read. */
export interface SavedMachine {
  /** What the file is, for people: `QEMU stream`. */
  readonly format: string
  /** The machine type it was saved from: `virt-7.2`. */
  readonly machine: string
  readonly registers: GicRegisters
  /** Guest RAM, in address order. */
  readonly ranges: readonly GpaRange[]
  /** The PCI functions with MSI or MSI-X, in the order of the file. */
  readonly msi: readonly MsiFunction[]
  /** Guest RAM with nothing loaded yet. */
  memory(): LoadableMemory
  /** Reads the pages of `ranges` that `memory` does not hold yet. Parts outside RAM are ignored. */
  load(memory: LoadableMemory, ranges: readonly GpaRange[]): Promise<void>
  /** The pages of `ranges` that the file holds no record of; they load as zeros. */
  missingPages(ranges: readonly GpaRange[]): Gpa[]
  /** The bytes that everything here was read from, decompressed. */
  readonly source: ByteSource
  /**
   * The edits of `source` that give pages of RAM new contents, in order; everything else stays byte-identical. See `changedPages`
   * and `applyEdits`.
   *
   * @throws RangeError for a page that is not in RAM or not whole.
   */
  edits(pages: ReadonlyMap<Gpa, Uint8Array>): Promise<Edit[]>
}
