import type { Edit } from '@vits/core/formats'

/** What tells whether a file is still the one that was read. */
export interface FileIdentity {
  readonly bytes: number
  /** Device, inode, and times of the last change, as text to compare. */
  readonly stamp: string
  /** The same file under whatever name. */
  readonly inode: string
  /** Permission bits. */
  readonly mode: number
}

/** A file to be written. */
export interface NewFile {
  readonly bytes: number
  /** The contents, in order; exactly `bytes` bytes of them. */
  readonly pieces: AsyncIterable<Uint8Array>
  /** Permission bits; those of a new file when not given. */
  readonly mode?: number
}

/** Looks at what is complete, under the path it has until it gets its name; throwing here gives it up. */
export type Approve = (path: string) => Promise<void>

/** Writing to the disk, such that a crash at any moment leaves every file either as it was or complete. */
export interface Disk {
  /** Undefined when there is no such file. */
  identity(path: string): Promise<FileIdentity | undefined>
  /**
   * Writes a file that appears under its name only when it is complete and synced, whatever was there before.
   * @throws DiskError before anything is written when there is not enough room.
   */
  create(path: string, file: NewFile, approve?: Approve): Promise<void>
  /**
   * Writes a folder of files, by their names, that appears only when all of them are complete and synced. An empty folder there
   * makes way.
   * @throws DiskError before anything is written when there is not enough room, and when something else has the name.
   */
  createFolder(path: string, files: ReadonlyMap<string, NewFile>, approve: Approve): Promise<void>
  /** Overwrites bytes of a file where they lie, and syncs. Every edit keeps its length. */
  patch(path: string, edits: readonly Edit[]): Promise<void>
  /** Removes a file, and syncs its folder. */
  remove(path: string): Promise<void>
}

/** A new file of bytes that are in memory. */
export function fileOf(bytes: Uint8Array): NewFile {
  return {
    bytes: bytes.length,
    pieces: (async function* () {
      yield bytes
    })(),
  }
}

/** Nothing is wrong with the file, but the job cannot be done. */
export class DiskError extends Error {
  override readonly name = 'DiskError'
}
