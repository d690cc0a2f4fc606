import { join, resolve } from 'node:path'
import { type MachineFile, machinesAmong } from '@vits/core/formats'
import { DiskError, type FileIdentity } from '../disk.ts'
import { reason } from '../failure.ts'
import type { Io, OpenFile } from '../io.ts'
import type { OtherFile } from '../options/files.ts'
import { count } from '../render/words.ts'

/** Files that may lie beside a saved VM in its folder. */
const MOST_IN_FOLDER = 256

/** The open files of one saved VM. */
export interface OpenFiles {
  readonly files: readonly MachineFile[]
  /** What each of them was when it was opened, by its name; those that are not on the disk are not there, and a pipe is no file. */
  readonly identities: ReadonlyMap<string, FileIdentity>
  /** Bytes of all of them. */
  readonly bytes: number
  close(): Promise<void>
}

/** Opens a saved VM's file, or the files in its folder, and what else was named. @throws DiskError for a folder that is not one VM. */
export async function openFiles(path: string, others: readonly OtherFile[], io: Io): Promise<OpenFiles> {
  const opened = new Opened(io)
  try {
    const names = await io.list(path)
    const named = new Set(others.map((other) => resolve(other.path)))
    const unnamed = names?.filter((name) => !named.has(resolve(path, name)))
    const files = unnamed === undefined ? [await opened.add(path)] : await opened.folder(path, unnamed)
    for (const { path: other, ...part } of others) files.push({ ...(await opened.beside(other)), ...part })
    return opened.only(await opened.withHoles(files))
  } catch (error) {
    await opened.close()
    throw error
  }
}

class Opened {
  readonly #io: Io
  readonly #files = new Map<string, OpenFile>()
  readonly #identities = new Map<string, FileIdentity>()

  constructor(io: Io) {
    this.#io = io
  }

  async add(path: string): Promise<MachineFile> {
    const there = await this.#io.disk.identity(path)
    const source = await this.#io.open(path)
    const identity = source.passing ?? there
    this.#files.set(path, source)
    if (identity !== undefined) this.#identities.set(path, identity)
    return { name: path, source }
  }

  /** The same for one that is not what the VM is called by: an error names it. */
  async beside(path: string): Promise<MachineFile> {
    try {
      return await this.add(path)
    } catch (error) {
      throw new DiskError(`${path}: ${reason(error)}`, { cause: error })
    }
  }

  /** The files of the one VM in a folder. */
  async folder(path: string, names: readonly string[]): Promise<MachineFile[]> {
    const inside: MachineFile[] = []
    for (const name of names) {
      const file = join(path, name)
      if (name.startsWith('.') || (await this.#io.disk.identity(file))?.isFile === false) continue
      if (inside.length === MOST_IN_FOLDER) throw new DiskError(`has more than ${MOST_IN_FOLDER} files in it: name one`)
      inside.push(await this.add(file))
    }
    const machines = await machinesAmong(inside)
    const [machine, ...others] = machines
    if (machine === undefined) throw new DiskError('is a folder without a saved VM in it')
    if (others.length > 0) {
      const leading = machines.map(([first]) => first!.name)
      throw new DiskError(`is a folder of ${count(machines.length, 'saved VM')}: name one of ${leading.join(', ')}`)
    }
    return [...machine]
  }

  /** Those that may be changes of a base, with word of their holes. */
  async withHoles(files: readonly MachineFile[]): Promise<readonly MachineFile[]> {
    const lengths = new Set(files.filter(({ part }) => part === 'base').map(({ source }) => source.byteLength))
    return Promise.all(
      files.map(async (file) => {
        const { name, part, source } = file
        if (part === undefined || !lengths.has(source.byteLength) || this.#files.get(name)?.passing !== undefined) return file
        const written = await this.#io.written(name, source.storedBytes ?? source.byteLength)
        return written === undefined ? file : { ...file, source: { ...source, written } }
      }),
    )
  }

  /** These, and the others are closed. */
  async only(files: readonly MachineFile[]): Promise<OpenFiles> {
    const kept = new Set(files.map(({ name }) => name))
    for (const [name, file] of this.#files) {
      if (kept.has(name)) continue
      this.#files.delete(name)
      await file.close()
    }
    const bytes = [...this.#files.values()].reduce((sum, { byteLength }) => sum + byteLength, 0)
    return { files, identities: this.#identities, bytes, close: () => this.close() }
  }

  async close(): Promise<void> {
    for (const file of this.#files.values()) await file.close()
  }
}
