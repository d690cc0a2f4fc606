import { basename, join } from 'node:path'
import {
  applyEdits,
  changedPages,
  editedLength,
  type FileEdits,
  keepsLength,
  type SavedMachine,
  undoFile,
  undoText,
} from '@vits/core/formats'
import type { RepairPlan } from '@vits/core/repair'
import { type Approve, DiskError, type FileIdentity, fileOf, type NewFile } from '../disk.ts'
import { UsageError } from '../failure.ts'
import type { Io } from '../io.ts'
import { SLOW_BYTES } from '../load.ts'
import { registerLine, writeLine } from '../render/plan-text.ts'

/** A saved VM that is open, and what its files were when they were opened. */
export interface Opened {
  /** What the user calls it. */
  readonly path: string
  readonly machine: SavedMachine
  /** By the names of the machine's files, which are paths. */
  readonly identities: ReadonlyMap<string, FileIdentity>
}

/** The file that an in-place repair leaves beside the repaired one. */
export const undoPath = (path: string): string => `${path}.undo`

/** An output file must not be the file that is read, and one that is there must be meant to be replaced. */
export async function refuseToReplace(input: string, output: string, force: boolean, io: Io): Promise<void> {
  const there = await io.disk.identity(output)
  if (there === undefined) return
  if ((await io.list(output)) !== undefined) throw new DiskError(`${output} is a folder: name a file in it`)
  if (there.inode === (await io.disk.identity(input))?.inode) throw new UsageError(`${output} is the file that is read`)
  if (!force) throw new DiskError(`${output} is there already; --force replaces it`)
}

/** The pieces of a large file as they are, with progress. */
async function* shown(pieces: AsyncIterable<Uint8Array>, bytes: number, path: string, io: Io): AsyncGenerator<Uint8Array> {
  let done = 0
  for await (const piece of pieces) {
    yield piece
    done += piece.length
    if (bytes > SLOW_BYTES) io.progress?.(`vits: ${path}: ${Math.floor((100 * done) / bytes)} % written`)
  }
  io.progress?.('')
}

/** The copies of a VM of several files go into a folder of their own: a new one, or one that is there and empty. */
export async function refuseFolder({ machine }: Opened, output: string, io: Io): Promise<void> {
  const names = machine.files.map(({ name }) => basename(name))
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice !== undefined) throw new DiskError(`two files of the VM are called ${twice}, and -o writes them into one folder`)
  if ((await io.disk.identity(output)) === undefined) return
  const inside = await io.list(output)
  if (inside === undefined) throw new DiskError(`${output} is no folder, and the VM has several files`)
  if (inside.length > 0) throw new DiskError(`${output} is not empty: name a new folder for the files of the VM`)
}

/**
 * Writes the repaired VM: a new file, or where it has several, a new folder with one for each. `approve` looks at it, under the
 * path that stands for the one it was opened by, before it gets its name.
 */
export async function writeCopy(opened: Opened, plan: RepairPlan, output: string, io: Io, approve: Approve): Promise<number> {
  const { path, machine } = opened
  const changes = await machine.edits(changedPages(plan.memory), plan.registers)
  const copies = machine.files.map((file): [name: string, NewFile] => {
    const edits = changes.find((change) => change.file.name === file.name)?.edits ?? []
    return [basename(file.name), newFile(opened, { file, edits }, output, io)]
  })
  const ifUnchanged = async (copy: string) => {
    await refuseChanged(opened, io)
    await approve(copy)
  }
  const [[, only], ...others] = copies as [(typeof copies)[0], ...typeof copies]
  if (others.length === 0) await io.disk.create(output, only, ifUnchanged)
  else {
    const copyOf = (folder: string) => (machine.files.some(({ name }) => name === path) ? join(folder, basename(path)) : folder)
    await io.disk.createFolder(output, new Map(copies), (folder) => ifUnchanged(copyOf(folder)))
  }
  return copies.reduce((sum, [, { bytes }]) => sum + bytes, 0)
}

/** A file of the VM with its edits, and the permissions that it has. */
function newFile({ identities }: Opened, { file, edits }: FileEdits, shownAs: string, io: Io): NewFile {
  const bytes = editedLength(file.source, edits)
  const mode = identities.get(file.name)?.mode
  return { bytes, pieces: shown(applyEdits(file.source, edits), bytes, shownAs, io), ...(mode === undefined ? {} : { mode }) }
}

/**
 * Repairs the files themselves. The undo file is written and synced first. Where nothing moves, the words are overwritten where
 * they lie; otherwise a complete new file takes the old one's name.
 */
export async function writeInPlace(opened: Opened, plan: RepairPlan, io: Io): Promise<void> {
  const { path, machine } = opened
  const changes = await machine.edits(changedPages(plan.memory), plan.registers)
  const files = []
  for (const { file, edits } of changes) files.push(await undoFile(basename(file.name), file.source, edits))
  const text = undoText({ files, words: [...plan.registerWrites.map(registerLine), ...plan.writes.map(writeLine)] })
  await refuseChanged(opened, io)
  await io.disk.create(undoPath(path), fileOf(new TextEncoder().encode(text)))
  for (const change of changes) {
    await refuseChanged(opened, io, change)
    await applyTo(opened, change, io)
  }
}

async function applyTo(opened: Opened, change: FileEdits, io: Io): Promise<void> {
  const { name } = change.file
  if (keepsLength(change.edits)) return io.disk.patch(name, change.edits)
  return io.disk.create(name, newFile(opened, change, name, io), () => refuseChanged(opened, io, change))
}

/** @throws DiskError when a file, or the one of `only`, is not the one that was opened any more. */
async function refuseChanged({ machine, identities }: Opened, io: Io, only?: FileEdits): Promise<void> {
  for (const { name } of only === undefined ? machine.files : [only.file]) {
    const now = await io.disk.identity(name)
    if (now === undefined || now.stamp !== identities.get(name)?.stamp) {
      throw new DiskError(`${name} was changed while it was read; nothing was written to it`)
    }
  }
}
