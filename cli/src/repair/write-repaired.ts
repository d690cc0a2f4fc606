import { basename, dirname } from 'node:path'
import {
  applyEdits,
  changedPages,
  editedLength,
  type FileEdits,
  keepsLength,
  type NewUndoFile,
  type SavedFile,
  type SavedMachine,
  undoFile,
  undoText,
} from '@vits/core/formats'
import type { RepairPlan } from '@vits/core/repair'
import { DiskError, type FileIdentity, fileOf, type NewFile } from '../disk.ts'
import { reason } from '../failure.ts'
import type { Io } from '../io.ts'
import { digesting } from '../node/digesting.ts'
import { packingOf } from '../node/packing.ts'
import { registerLine, writeLine } from '../render/plan-text.ts'
import { type RepairedFile, takeBack } from './take-back.ts'

/** A saved VM that is open, and what its files were when they were opened. */
export interface Opened {
  /** What the user calls it. */
  readonly path: string
  readonly machine: SavedMachine
  /** By the names of the machine's files, which are paths. */
  readonly identities: ReadonlyMap<string, FileIdentity>
}

const UNDO = '.undo'

/** The file that an in-place repair leaves beside the repaired one; `path` is the file itself, not a link. */
export const undoPath = (path: string): string => `${path}${UNDO}`

/** The file that the repair was of which left this one beside it. */
export const repairedBeside = (undo: string): string | undefined =>
  undo.endsWith(UNDO) ? undo.slice(0, -UNDO.length) : undefined

/** What a copy of the file is called in a new folder: what is compressed comes out uncompressed. */
export const copyName = ({ name, compression }: SavedFile): string =>
  compression === undefined ? basename(name) : basename(name).replace(/\.(zst|gz|bz2|xz|lzo)$/, '')

/** Bytes of an undo file; it is read as one text. Of the largest machine it is a few MiB. */
export const LARGEST_UNDO = 2 ** 28

/** The pieces as they are, with progress. */
async function* shown(pieces: AsyncIterable<Uint8Array>, bytes: number, io: Io): AsyncGenerator<Uint8Array> {
  let done = 0
  for await (const piece of pieces) {
    yield piece
    done += piece.length
    io.progress?.(`writing, ${Math.floor((100 * done) / bytes)} %`)
  }
  io.progress?.('')
}

/** Where a repaired copy goes. */
export interface Copying {
  readonly output: string
  /** A file that is there is replaced. */
  readonly force: boolean
  /** Looks at the copy, under the path that stands for the one the VM was opened by, before it gets its name. */
  approve(path: string): Promise<void>
}

/**
 * Writes the repaired VM: a new file, compressed as its name ends, or where it has several, a new folder with one for each. Answers its
 * bytes.
 */
export async function writeCopy(opened: Opened, plan: RepairPlan, { output, force, approve }: Copying, io: Io): Promise<number> {
  const { machine } = opened
  const changes = await machine.edits(changedPages(plan.memory), plan.registers)
  const copies = machine.files.map((file): [name: string, NewFile] => {
    const edits = changes.find((change) => change.file.name === file.name)?.edits ?? []
    return [copyName(file), newFile(opened, { file, edits }, io)]
  })
  const ifUnchanged = async (copy: string) => {
    await refuseChanged(opened, io)
    await approve(copy)
  }
  const [[, only], ...others] = copies as [(typeof copies)[0], ...typeof copies]
  if (others.length === 0) {
    const written = new Counted(packed(only, output))
    await io.disk.create(output, written.file, { replace: force, approve: ifUnchanged })
    return written.bytes
  }
  const like = await io.disk.identity(dirname(machine.files[0]!.name))
  await io.disk.createFolder(output, { files: new Map(copies), like }, ifUnchanged)
  return copies.reduce((sum, [, { bytes }]) => sum + bytes, 0)
}

/** Compressed, where the name of the file asks for it. */
function packed(file: NewFile, path: string): NewFile {
  const packing = packingOf(path)
  return packing === undefined ? file : { ...file, isPacked: true, pieces: packing.pack(file.pieces) }
}

/** A new file, and how many bytes of it were written. */
class Counted {
  readonly file: NewFile
  bytes = 0

  constructor(file: NewFile) {
    this.file = { ...file, pieces: this.#counting(file.pieces) }
  }

  async *#counting(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces) {
      this.bytes += piece.length
      yield piece
    }
  }
}

/** A file of the VM with its edits, and the permissions that it has. */
function newFile({ identities }: Opened, { file, edits }: FileEdits, io: Io): NewFile {
  const bytes = editedLength(file.source, edits)
  return { bytes, pieces: shown(applyEdits(file.source, edits), bytes, io), like: identities.get(file.name) }
}

/** An undo file, and the file that it lies beside, by the name that it was opened by. */
export interface WrittenUndo {
  readonly undo: string
  readonly repaired: string
}

/**
 * Repairs the files themselves, which are locked. The undo file is written and synced first. Where nothing moves, the words are
 * overwritten where they lie; otherwise a complete new file takes the old one's name. Answers the undo file, and what `vits undo` is given.
 *
 * @throws what hindered it. Then all is as it was and there is no undo file, or the message names it.
 */
export async function writeInPlace(opened: Opened, plan: RepairPlan, io: Io): Promise<WrittenUndo> {
  const changes = await opened.machine.edits(changedPages(plan.memory), plan.registers)
  const repaired = undoneBeside(opened, changes)
  const undo = undoPath(await io.disk.followed(repaired))
  const files: NewUndoFile[] = []
  for (const change of changes) files.push(await undoFileOf(change, io))
  const words = [...plan.registerWrites.map(registerLine), ...plan.writes.map(writeLine)]
  const text = new TextEncoder().encode(undoText({ files, words }, digesting))
  const like = narrowest(changes.map(({ file }) => opened.identities.get(file.name)))
  if (text.length > LARGEST_UNDO) throw new DiskError('it is too much to keep in an undo file: use -o')
  await io.disk.create(undo, fileOf(text, like), { unlinked: true, approve: () => refuseChanged(opened, io) })
  let isTouched = false
  try {
    for (const change of changes) {
      await refuseChanged(opened, io, change)
      isTouched = true
      await applyTo(opened, change, io)
    }
  } catch (error) {
    const touched = isTouched ? changes.map(({ file }, i) => ({ path: file.name, file: files[i]! })) : []
    await giveUp(undo, touched, io).catch(() => {
      throw new DiskError(`${reason(error)}; not all is as it was, and ${undo} takes it back`, { cause: error })
    })
    throw error
  }
  return { undo, repaired }
}

/** The file that an undo file is left beside: the one that the user named, or the first that changes. All lie in one folder. */
function undoneBeside({ path }: Opened, changes: readonly FileEdits[]): string {
  const [first, ...others] = changes.map(({ file }) => file.name) as [string, ...string[]]
  if (others.some((name) => dirname(name) !== dirname(first)))
    throw new DiskError('files in different folders are to be changed, and one undo file cannot take that back: use -o')
  return others.includes(path) ? path : first
}

/** Reads a file once more, whole: for what the repair takes out of it, and for its digests. */
async function undoFileOf({ file, edits }: FileEdits, io: Io): Promise<NewUndoFile> {
  const { name, source } = file
  const progress = (done: number, total: number) => {
    io.progress?.(`digesting ${name}, ${Math.floor((100 * done) / total)} %`)
  }
  const undo = await undoFile(basename(name), source, edits, { ...digesting, progress })
  io.progress?.('')
  return undo
}

/** Who may read bytes that are from several files: who may read each of them. */
export function narrowest([first, ...others]: readonly (FileIdentity | undefined)[]): FileIdentity | undefined {
  if (first === undefined) return undefined
  const mode = others.reduce((sum, file) => sum & (file?.mode ?? 0) & (file?.gid === first.gid ? 0o777 : 0o700), first.mode)
  return { ...first, mode }
}

/** Takes back what was written, and then the undo file. */
async function giveUp(undo: string, repaired: readonly RepairedFile[], io: Io): Promise<void> {
  await takeBack(repaired, io)
  await io.disk.remove(undo)
}

async function applyTo(opened: Opened, change: FileEdits, io: Io): Promise<void> {
  const { name } = change.file
  if (keepsLength(change.edits)) return io.disk.patch(name, change.edits, opened.identities.get(name))
  const approve = () => refuseChanged(opened, io, change)
  return io.disk.create(name, newFile(opened, change, io), { replace: true, approve })
}

/** @throws DiskError when a file, or the one of `only`, is not the one that was opened any more. */
async function refuseChanged({ machine, identities }: Opened, io: Io, only?: FileEdits): Promise<void> {
  for (const { name } of only === undefined ? machine.files : [only.file]) {
    if (identities.get(name)?.isFile === false) continue
    const now = await io.disk.identity(name)
    if (now === undefined || now.stamp !== identities.get(name)?.stamp) {
      throw new DiskError(`${name} was changed while it was read; nothing was written to it`)
    }
  }
}
