import { basename } from 'node:path'
import {
  applyEdits,
  type ByteSource,
  changedPages,
  type Edit,
  editedLength,
  keepsLength,
  type RepairPlan,
  type SavedMachine,
  undoEdits,
  undoText,
} from '@vits/core'
import { DiskError, type FileIdentity, fileOf } from '../disk.ts'
import { UsageError } from '../failure.ts'
import type { Io } from '../io.ts'
import { SLOW_BYTES } from '../load.ts'
import { writeLine } from '../render/plan-text.ts'

/** A saved VM that is open, and what its file was when it was opened. */
export interface Opened {
  readonly path: string
  readonly identity: FileIdentity & { readonly mode: number }
  readonly machine: SavedMachine
  /** The file itself. */
  readonly file: ByteSource
}

/** The file that an in-place repair leaves beside the repaired one. */
export const undoPath = (path: string): string => `${path}.undo`

/**
 * How the file holds the machine: `plain`, `packed` (compressed, so that only a decompressed copy can be written), or inside an
 * `image` that cannot be written.
 */
export function storage({ machine, file }: Pick<Opened, 'machine' | 'file'>): 'plain' | 'packed' | 'image' {
  if (machine.source === file) return 'plain'
  return machine.format.includes('qcow2') ? 'image' : 'packed'
}

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
  const { machine, identity } = opened
  const edits = await machine.edits(changedPages(plan.memory))
  const bytes = editedLength(machine.source, edits)
  await io.disk.create(output, {
    bytes,
    pieces: shown(applyEdits(machine.source, edits), bytes, output, io),
    mode: identity.mode,
    approve: async (path) => {
      await refuseChanged(opened, io)
      await approve(path)
    },
  })
  return bytes
}

/**
 * Repairs the file itself. The undo file is written and synced first. Where nothing moves, the words are overwritten where they
 * lie; otherwise a complete new file takes the old one's name.
 */
export async function writeInPlace(opened: Opened, plan: RepairPlan, io: Io): Promise<void> {
  const { path, machine, identity } = opened
  const edits = await machine.edits(changedPages(plan.memory))
  const bytesAfter = editedLength(machine.source, edits)
  const text = undoText({
    file: basename(path),
    bytesBefore: identity.bytes,
    bytesAfter,
    edits: await undoEdits(machine.source, edits),
    words: plan.writes.map(writeLine),
  })
  await refuseChanged(opened, io)
  await io.disk.create(undoPath(path), fileOf(new TextEncoder().encode(text)))
  await refuseChanged(opened, io)
  await applyTo(opened, edits, bytesAfter, io)
}

async function applyTo(opened: Opened, edits: readonly Edit[], bytes: number, io: Io): Promise<void> {
  const { path, machine, identity } = opened
  if (keepsLength(edits)) return io.disk.patch(path, edits)
  const pieces = shown(applyEdits(machine.source, edits), bytes, path, io)
  return io.disk.create(path, { bytes, pieces, mode: identity.mode, approve: () => refuseChanged(opened, io) })
}

/** @throws DiskError when the file is not the one that was opened any more. */
async function refuseChanged({ path, identity }: Opened, io: Io): Promise<void> {
  const now = await io.disk.identity(path)
  if (now?.stamp !== identity.stamp) throw new DiskError(`${path} was changed while it was read; nothing was written to it`)
}
