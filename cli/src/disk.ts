import type { Edit } from '@vits/core/formats'

/** What tells whether a file is still the one that was read. */
export interface FileIdentity {
  readonly bytes: number
  /** Device, inode, and times of the last change, as text to compare. */
  readonly stamp: string
  /** When its contents changed last, in UTC to the nanosecond; absent of what is no file. */
  readonly modified?: string
  /** The same file under whatever name. */
  readonly inode: string
  /** Not a folder, a device or a pipe. */
  readonly isFile: boolean
  /** Permission bits. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/** A file to be written. */
export interface NewFile {
  readonly bytes: number
  /** They are compressed, and `bytes` is what they were before: how many there are shows when they are written. */
  readonly isPacked?: true
  /** The contents, in order; exactly `bytes` bytes of them, where they are not compressed. */
  readonly pieces: AsyncIterable<Uint8Array>
  /** The file that its contents are from: nobody may do with them what that file does not let him. */
  readonly like?: FileIdentity | undefined
}

/** How a new file gets its name. */
export interface Appearing {
  /** It takes the place of a file that has its name; without, such a file stays, and the new one is given up. */
  readonly replace?: boolean
  /** A link that has its name stays too. Without, what the link leads to is written. */
  readonly unlinked?: boolean
  /** Looks at what is complete, under the path it has until it gets its name; throwing here gives it up. */
  readonly approve?: (path: string) => Promise<void>
}

/** Lets go of what was locked. */
export type Unlock = () => Promise<void>

/** Writing to the disk, such that a crash at any moment leaves every file either as it was or complete. */
export interface Disk {
  /** Undefined when there is no such file. */
  identity(path: string): Promise<FileIdentity | undefined>
  /** The file itself, where a path is a link; also when that is not there yet. */
  followed(path: string): Promise<string>
  /**
   * Looks whether `create` or `createFolder` could write these bytes, as far as that can be known: that there is a folder for them,
   * that one may write into it, and that it has room.
   *
   * @throws DiskError saying why not.
   */
  refuseUnwritable(path: string, bytes: number): Promise<void>
  /** @throws DiskError when the file cannot be overwritten where it lies. */
  refuseReadOnly(path: string): Promise<void>
  /**
   * Keeps every other vits from changing these files until it is released or this process is dead.
   *
   * @throws DiskError when another has one of them.
   */
  lock(paths: readonly string[]): Promise<Unlock>
  /**
   * Writes a file that appears under its name only when it is complete and synced.
   * @throws DiskError before anything is written when there is not enough room, and when another file has the name.
   */
  create(path: string, file: NewFile, how?: Appearing): Promise<void>
  /**
   * Writes a folder of files, by their names, that appears only when all of them are complete and synced. An empty folder there
   * makes way. Its permissions are those of the folder `like`.
   * @throws DiskError before anything is written when there is not enough room, and when something else has the name.
   */
  createFolder(path: string, folder: NewFolder, approve: (path: string) => Promise<void>): Promise<void>
  /**
   * Overwrites bytes of a file where they lie, and syncs. Every edit keeps its length.
   * @throws DiskError before anything is written when the file is not as `was` says.
   */
  patch(path: string, edits: readonly Edit[], was: FileIdentity | undefined): Promise<void>
  /** Removes a file, and syncs its folder. */
  remove(path: string): Promise<void>
}

/** A folder to be written. */
export interface NewFolder {
  readonly files: ReadonlyMap<string, NewFile>
  readonly like?: FileIdentity | undefined
}

/** A new file of bytes that are in memory. */
export function fileOf(bytes: Uint8Array, like: FileIdentity | undefined): NewFile {
  return {
    bytes: bytes.length,
    pieces: (async function* () {
      yield bytes
    })(),
    like,
  }
}

/** Nothing is wrong with the file, but the job cannot be done. */
export class DiskError extends Error {
  override readonly name = 'DiskError'
}
