import { basename } from 'node:path'
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
import { DiskError, type FileIdentity, fileOf } from '../disk.ts'
import { UsageError } from '../failure.ts'
import type { Io } from '../io.ts'
import { SLOW_BYTES } from '../load.ts'
import { writeLine } from '../render/plan-text.ts'

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

/** Writes the repaired VM as a new file, which `approve` looks at before it gets its name. */
export async function writeCopy(
  opened: Opened,
  plan: RepairPlan,
  output: string,
  io: Io,
  approve: (path: string) => Promise<void>,
): Promise<number> {
  const { machine, identities } = opened
  const [file, ...others] = machine.files
  if (file === undefined || others.length > 0) throw new DiskError('a VM of several files is repaired in place only')
  const [{ edits } = { edits: [] }] = await machine.edits(changedPages(plan.memory))
  const bytes = editedLength(file.source, edits)
  const mode = identities.get(file.name)?.mode
  await io.disk.create(output, {
    bytes,
    pieces: shown(applyEdits(file.source, edits), bytes, output, io),
    ...(mode === undefined ? {} : { mode }),
    approve: async (path) => {
      await refuseChanged(opened, io)
      await approve(path)
    },
  })
  return bytes
}

/**
 * Repairs the files themselves. The undo file is written and synced first. Where nothing moves, the words are overwritten where
 * they lie; otherwise a complete new file takes the old one's name.
 */
export async function writeInPlace(opened: Opened, plan: RepairPlan, io: Io): Promise<void> {
  const { path, machine } = opened
  const changes = await machine.edits(changedPages(plan.memory))
  const files = []
  for (const { file, edits } of changes) files.push(await undoFile(basename(file.name), file.source, edits))
  const text = undoText({ files, words: plan.writes.map(writeLine) })
  await refuseChanged(opened, io)
  await io.disk.create(undoPath(path), fileOf(new TextEncoder().encode(text)))
  for (const change of changes) {
    await refuseChanged(opened, io, change)
    await applyTo(opened, change, io)
  }
}

async function applyTo(opened: Opened, change: FileEdits, io: Io): Promise<void> {
  const { name, source } = change.file
  if (keepsLength(change.edits)) return io.disk.patch(name, change.edits)
  const bytes = editedLength(source, change.edits)
  const pieces = shown(applyEdits(source, change.edits), bytes, name, io)
  const mode = opened.identities.get(name)?.mode
  const approve = () => refuseChanged(opened, io, change)
  return io.disk.create(name, { bytes, pieces, ...(mode === undefined ? {} : { mode }), approve })
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
