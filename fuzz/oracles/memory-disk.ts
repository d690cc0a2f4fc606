import { applyEdits, bytesSource } from '@vits/core/formats'
import { type Disk, DiskError, type FileIdentity, type NewFile } from '../../cli/src/disk.ts'

/** Files in memory, by their paths, with a disk that changes them as one that nothing else uses. */
export class MemoryDisk {
  readonly files: Record<string, Uint8Array>
  #changes = 0
  readonly #stamps = new Map<string, number>()

  constructor(files: Record<string, Uint8Array>) {
    this.files = files
  }

  readonly disk: Disk = {
    identity: async (path) => this.#identity(path),
    followed: async (path) => path,
    refuseUnwritable: async () => {},
    refuseReadOnly: async () => {},
    lock: async () => async () => {},
    create: async (path, file, { replace = false } = {}) => {
      if (!replace && path in this.files) throw new DiskError(`${path} is there already`)
      await this.#write(path, file)
    },
    createFolder: () => Promise.reject(new DiskError('this disk has no folders')),
    patch: async (path, edits) => {
      const source = bytesSource(this.files[path]!)
      await this.#write(path, { bytes: source.byteLength, pieces: applyEdits(source, edits) })
    },
    remove: async (path) => {
      delete this.files[path]
    },
  }

  #identity(path: string): FileIdentity | undefined {
    const file = this.files[path]
    if (file === undefined) return undefined
    const stamp = `${path} ${this.#stamps.get(path) ?? 0}`
    return { bytes: file.length, stamp, inode: path, isFile: true, mode: 0o600, uid: 0, gid: 0 }
  }

  async #write(path: string, { bytes, pieces }: NewFile): Promise<void> {
    const kept: Uint8Array[] = []
    for await (const piece of pieces) kept.push(piece.slice())
    const whole = new Uint8Array(Buffer.concat(kept))
    if (whole.length !== bytes) throw new RangeError(`${whole.length} bytes were written of ${bytes}`)
    this.files[path] = whole
    this.#stamps.set(path, ++this.#changes)
  }
}
