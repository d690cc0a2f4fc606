import type { ByteSource } from './byte-source.ts'
import type { Edit } from './edits.ts'
import { FormatError } from './format-error.ts'
import type { Compression, Container } from './origin.ts'

/** One of the files that a saved machine may consist of. */
export interface MachineFile {
  /** Its path, or whatever else tells it from the machine's other files. */
  readonly name: string
  readonly source: ByteSource
  /** What it is for, where that is not left to its contents: see `FilePart`. */
  readonly part?: FilePart
}

/**
 * `memory` holds guest RAM, and `base` what RAM was before, of which `memory` holds the changes; of several the nearest comes first.
 * `found` lies beside the others, and is read if it is needed.
 */
export type FilePart = 'memory' | 'base' | 'found'

/** A file that a machine was read from. */
export interface SavedFile extends MachineFile {
  /** What was read: the file's own bytes, or what its compression and its container hold. Edits are edits of these. */
  readonly source: ByteSource
  /** How the file is compressed as a whole. */
  readonly compression: Compression | undefined
  readonly container: Container
}

/** The changes of one file. */
export interface FileEdits {
  readonly file: SavedFile
  /** In order of their offsets, without overlap; at least one. */
  readonly edits: readonly Edit[]
}

/** Whether a changed machine can be written: into its files, as uncompressed copies of them, or not at all. */
export type WriteBack =
  | { readonly to: 'files' }
  | { readonly to: 'copies'; readonly because: 'compressed' }
  | { readonly to: 'nowhere'; readonly because: 'qcow2' | 'running' | 'layers' | 'kdump' }

/** What can be done with all of the files is what the least of them allows. */
export function writeBackOf(files: readonly SavedFile[]): WriteBack {
  if (files.some(({ container }) => container.kind === 'qcow2' || container.kind === 'qcow2-disk'))
    return { to: 'nowhere', because: 'qcow2' }
  return files.some(isPacked) ? { to: 'copies', because: 'compressed' } : { to: 'files' }
}

function isPacked({ compression, container }: SavedFile): boolean {
  return compression !== undefined || (container.kind === 'libvirt' && container.storage !== 'raw')
}

/** Runs `work` on one file of several: a FormatError comes to name it. */
export async function inFile<T>({ name }: MachineFile, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof FormatError && error.file === undefined ? error.in(name) : error
  }
}

/** A file's name without the folders in front of it. */
export const withoutFolders = (path: string): string => path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
