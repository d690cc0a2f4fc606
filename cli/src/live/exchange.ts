import { randomBytes } from 'node:crypto'
import { closeSync, constants, fstatSync, mkdtempSync, openSync, readSync, rmdirSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { DiskError } from '../disk.ts'

const OWNER_ONLY = 0o600

/**
 * Files that QEMU writes and vits reads: of names that nobody can guess, and gone when they have been read. A VM stands still meanwhile, and
 * what is asked of the disk without waiting is done soonest.
 */
export class Exchange {
  readonly #folder: string
  readonly #isOwn: boolean
  readonly #files = new Set<string>()

  /** In a folder that both can reach; without, in a private one, which QEMU reaches if it runs as the same user or as root. */
  constructor(folder: string | undefined) {
    this.#isOwn = folder === undefined
    this.#folder = folder === undefined ? mkdtempSync(join(tmpdir(), 'vits-live-')) : resolve(folder)
  }

  /** A path for QEMU to write to. In a private folder the file is there already, and its owner's alone. */
  newFile(): string {
    const path = join(this.#folder, `vits-live-${randomBytes(16).toString('hex')}`)
    this.#files.add(path)
    if (this.#isOwn) closeSync(openSync(path, 'wx', OWNER_ONLY))
    return path
  }

  /** What was written to a path, which is removed. @throws DiskError for another length than `bytes`, or more than `most`. */
  take(path: string, { bytes, most }: { readonly bytes?: number; readonly most?: number }): Uint8Array {
    const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
    try {
      const { size } = fstatSync(file)
      if ((bytes !== undefined && size !== bytes) || (most !== undefined && size > most)) {
        throw new DiskError(`QEMU wrote ${size} bytes where ${bytes ?? `at most ${most}`} were expected`)
      }
      const contents = new Uint8Array(size)
      let at = 0
      for (let read = -1; read !== 0 && at < size; at += read) read = readSync(file, contents, at, size - at, at)
      if (at !== size) throw new DiskError(`a file of QEMU has ${at} of ${size} bytes`)
      return contents
    } finally {
      closeSync(file)
      this.#remove(path)
    }
  }

  /** Removes what is left. */
  close(): void {
    for (const path of this.#files) this.#remove(path)
    if (this.#isOwn) quietly(() => rmdirSync(this.#folder))
  }

  #remove(path: string): void {
    quietly(() => unlinkSync(path))
    this.#files.delete(path)
  }
}

/** What is gone already, or is another's, stays so. */
function quietly(remove: () => void): void {
  try {
    remove()
  } catch {
    // Nobody waits for it.
  }
}
