import { join, resolve } from 'node:path'
import { bytesSource, type MachineFile, machinesAmong } from '@vits/core/formats'
import type { Io } from '../io.ts'
import { isPattern, matching } from './glob.ts'

/** One saved VM that is to be checked. */
export interface Target {
  /** Its file, or the folder of which all that is read is its own. */
  readonly file: string
  /** Files that lie beside it, where the folder is not its alone. */
  readonly beside: readonly string[]
}

/** What a command line comes to. */
export interface Targets {
  readonly targets: readonly Target[]
  /** Files in folders that do not begin as a saved VM does, and belong to none. */
  readonly passedOver: number
}

/** By these bytes a file is recognised. */
const FIRST_BYTES = 256

/** How what is named is looked for. */
interface Looking {
  /** Files that are named for something else. */
  readonly apart: readonly string[]
  readonly io: Io
}

/**
 * The saved VMs that words of a command line and the paths of a list name: a file is one, a folder all in it and in the folders below, and
 * a word that is a pattern what it is of. What cannot be looked at is one too, so that it is told.
 */
export async function targetsOf(words: readonly string[], listed: readonly string[], { apart, io }: Looking): Promise<Targets> {
  const search = new Search(io, new Set(apart.map((path) => resolve(path))))
  for (const word of words) {
    const isName = !isPattern(word) || (await io.disk.identity(word)) !== undefined
    const paths = isName ? [] : await matching(word, io)
    // A pattern of nothing is the name of a file that is not there, as in a shell.
    for (const path of paths.length === 0 ? [word] : paths) await search.add(path)
  }
  for (const path of listed) await search.add(path)
  return search
}

class Search implements Targets {
  readonly targets: Target[] = []
  passedOver = 0
  readonly #io: Io
  readonly #apart: ReadonlySet<string>

  constructor(io: Io, apart: ReadonlySet<string>) {
    this.#io = io
    this.#apart = apart
  }

  async add(path: string): Promise<void> {
    const names = await this.#io.list(path).catch(() => undefined)
    if (names === undefined) return this.#add(path)
    const before = this.targets.length
    await this.#folder(path, names)
    // That there is none is told as of a file that is none.
    if (this.targets.length === before) this.#add(path)
  }

  #add(file: string, beside: readonly string[] = []): void {
    this.targets.push({ file, beside })
  }

  async #folder(path: string, names: readonly string[]): Promise<void> {
    const files: MachineFile[] = []
    const folders: string[] = []
    for (const name of names) {
      if (name.startsWith('.')) continue
      const inside = join(path, name)
      const identity = await this.#io.disk.identity(inside).catch(() => undefined)
      if (identity?.isFile === true && !this.#apart.has(resolve(inside))) files.push(await this.#begun(inside))
      else if (identity?.isFile === false) folders.push(inside)
    }
    await this.#machines(path, files)
    for (const folder of folders) await this.#below(folder)
  }

  /** A link to a folder leads to what is found elsewhere, or round. */
  async #below(folder: string): Promise<void> {
    const [here, parent] = [await this.#io.disk.followed(folder), await this.#io.disk.followed(join(folder, '..'))]
    if (here !== join(parent, folder.slice(folder.lastIndexOf('/') + 1))) return
    const names = await this.#io.list(here).catch(() => [])
    if (names !== undefined) await this.#folder(folder, names)
  }

  async #machines(path: string, files: readonly MachineFile[]): Promise<void> {
    const machines = await machinesAmong(files)
    const taken = new Set(machines.flat().map(({ name }) => name))
    this.passedOver += files.length - taken.size
    const [machine] = machines
    if (machines.length === 1 && machine!.length > 1) return this.#add(path)
    for (const [leading, ...beside] of machines)
      this.#add(
        leading!.name,
        beside.map(({ name }) => name),
      )
  }

  /** A file by what it begins with; one that cannot be read is taken for a saved VM, and told when it has its turn. */
  async #begun(name: string): Promise<MachineFile> {
    const unreadable = { name, source: bytesSource(new TextEncoder().encode('QEVM')) }
    const file = await this.#io.open(name).catch(() => undefined)
    if (file === undefined) return unreadable
    try {
      return { name, source: bytesSource(await file.slice(0, Math.min(FIRST_BYTES, file.byteLength))) }
    } catch {
      return unreadable
    } finally {
      await file.close()
    }
  }
}
