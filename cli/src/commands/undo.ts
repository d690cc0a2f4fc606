import { dirname, join } from 'node:path'
import {
  applyEdits,
  type ByteSource,
  type Edit,
  keepsLength,
  readUndo,
  reversed,
  type UndoEdit,
  type UndoFile,
  type UndoRecord,
} from '@vits/core/formats'
import { DiskError } from '../disk.ts'
import { ExitCode } from '../exit-code.ts'
import { failing } from '../failure.ts'
import type { Io, OpenFile } from '../io.ts'
import { printable } from '../printable.ts'
import { readWhole } from '../read-whole.ts'
import { count } from '../render/words.ts'
import { undoPath } from '../repair/write-repaired.ts'
import type { undo } from '../usage/undo.ts'
import type { Run } from '../usage.ts'

/** Takes a repair in place back. */
export const run: Run<typeof undo> = ([path = ''], _options, io) =>
  failing(path, io, async () => {
    const kept = undoPath(path)
    if ((await io.disk.identity(kept)) === undefined) throw new DiskError(`there is no ${kept}`)
    const record = readUndo(new TextDecoder().decode(await readWhole(kept, io)))
    await takeBack(path, record, io)
    await io.disk.remove(kept)
    io.out(`${printable(path)} is as it was before the repair: ${count(record.words.length, 'word')} put back.\n`)
    return ExitCode.Ok
  })

/** Does to a file what takes the repair back. */
type PutBack = () => Promise<void>

/** A file as it is now, and what a repair did to it. */
interface Changed {
  readonly source: ByteSource
  readonly file: UndoFile
}

/** Puts back what the repair changed in all of its files, or changes none of them. */
async function takeBack(path: string, { files }: UndoRecord, io: Io): Promise<void> {
  // A VM of one file may have been renamed, its undo file with it.
  const paths = files.map(({ name }) => (files.length === 1 ? path : join(dirname(path), name)))
  const opened: OpenFile[] = []
  try {
    const work: PutBack[] = []
    for (const [i, file] of files.entries()) {
      const source = await io.open(paths[i]!)
      opened.push(source)
      const putBack = await wayBack(paths[i]!, { source, file }, io)
      const what = files.length === 1 ? 'the file' : file.name
      if (putBack === undefined) throw new DiskError(`${what} is not as the repair left it; nothing was changed`)
      work.push(putBack)
    }
    for (const putBack of work) await putBack()
  } finally {
    for (const file of opened) await file.close()
  }
}

/** What is left to do to one file; undefined when it is neither as the repair left it nor as it was. */
async function wayBack(path: string, { source, file }: Changed, io: Io): Promise<PutBack | undefined> {
  const edits = reversed(file)
  const stays = keepsLength(edits)
  if (source.byteLength === file.bytesBefore && (await every(source, file.edits, stays ? isEither : isBefore))) {
    // Where nothing moves, an interrupted repair leaves some places changed and others not.
    return async () => {
      if (stays) await io.disk.patch(path, edits)
    }
  }
  if (stays || source.byteLength !== file.bytesAfter || !(await holdsRepair(source, edits, file.edits))) {
    return undefined
  }
  const mode = (await io.disk.identity(path))?.mode
  const pieces = applyEdits(source, edits)
  return () => io.disk.create(path, { bytes: file.bytesBefore, pieces, ...(mode === undefined ? {} : { mode }) })
}

type Agrees = (edit: UndoEdit, at: number, byte: number) => boolean

const isBefore: Agrees = ({ before }, at, byte) => byte === before[at]
const isEither: Agrees = ({ before, after }, at, byte) => byte === before[at] || byte === after[at]

async function every(file: ByteSource, edits: readonly UndoEdit[], agrees: Agrees): Promise<boolean> {
  for (const edit of edits) {
    const { offset, before } = edit
    if (offset + before.length > file.byteLength) return false
    const bytes = await file.slice(offset, offset + before.length)
    if (!bytes.every((byte, at) => agrees(edit, at, byte))) return false
  }
  return true
}

/** The repaired bytes are where the repair put them. */
async function holdsRepair(file: ByteSource, back: readonly Edit[], edits: readonly UndoEdit[]): Promise<boolean> {
  for (const [i, { offset, remove }] of back.entries()) {
    if (offset + remove > file.byteLength) return false
    const bytes = await file.slice(offset, offset + remove)
    if (!bytes.every((byte, at) => byte === edits[i]!.after[at])) return false
  }
  return true
}
