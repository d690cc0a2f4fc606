import {
  applyEdits,
  type ByteSource,
  type Edit,
  keepsLength,
  readUndo,
  reversed,
  type UndoEdit,
  type UndoRecord,
} from '@vits/core'
import { command } from '../command.ts'
import { DiskError } from '../disk.ts'
import { ExitCode } from '../exit-code.ts'
import { failing } from '../failure.ts'
import type { Io } from '../io.ts'
import { readWhole } from '../read-whole.ts'
import { count } from '../render/words.ts'
import { undoPath } from '../repair/write-repaired.ts'

/** Takes a repair in place back. */
export const undo = command({
  name: 'undo',
  args: '<file>',
  summary: 'take a repair in place back',
  details:
    'Puts back the bytes that `vits repair --in-place FILE` kept in FILE.undo, also when the repair was interrupted, and removes\n' +
    'FILE.undo. Refused when the file has other bytes there than the repair or its beginning left.',
  examples: ['undo vm.migr'],
  options: {},
  run: ([path = ''], _options, io) =>
    failing(path, io, async () => {
      const kept = undoPath(path)
      if ((await io.disk.identity(kept)) === undefined) throw new DiskError(`there is no ${kept}`)
      const record = readUndo(new TextDecoder().decode(await readWhole(kept, io)))
      await takeBack(path, record, io)
      await io.disk.remove(kept)
      io.out(`${path} is as it was before the repair: ${count(record.words.length, 'word')} put back.\n`)
      return ExitCode.Ok
    }),
})

async function takeBack(path: string, record: UndoRecord, io: Io): Promise<void> {
  const identity = await io.disk.identity(path)
  const file = await io.open(path)
  try {
    const edits = reversed(record)
    const stays = keepsLength(edits)
    if (file.byteLength === record.bytesBefore && (await every(file, record.edits, stays ? isEither : isBefore))) {
      // Where nothing moves, an interrupted repair leaves some places changed and others not.
      if (stays) await io.disk.patch(path, edits)
      return
    }
    if (stays || file.byteLength !== record.bytesAfter || !(await holdsRepair(file, edits, record.edits))) {
      throw new DiskError('the file is not as the repair left it; nothing was changed')
    }
    const pieces = applyEdits(file, edits)
    await io.disk.create(path, { bytes: record.bytesBefore, pieces, ...(identity && { mode: identity.mode }) })
  } finally {
    await file.close()
  }
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
