import { dirname, join } from 'node:path'
import { readUndo, type UndoRecord } from '@vits/core/formats'
import { DiskError } from '../disk.ts'
import { type ExitBits, ExitCode } from '../exit-code.ts'
import { failing } from '../failure.ts'
import { readWhole } from '../files/read-whole.ts'
import type { Io } from '../io.ts'
import { digesting } from '../node/digesting.ts'
import { printable } from '../printable.ts'
import { fit } from '../render/layout.ts'
import { count } from '../render/words.ts'
import { holding } from '../repair/holding.ts'
import { type RepairedFile, takeBack } from '../repair/take-back.ts'
import { LARGEST_UNDO, repairedBeside, undoPath } from '../repair/write-repaired.ts'
import type { undo } from '../usage/undo.ts'
import type { Run } from '../usage.ts'

/** Takes a repair in place back. */
export const run: Run<typeof undo> = ([path = ''], _options, io) => failing(path, io, () => undoRepair(path, io))

async function undoRepair(path: string, io: Io): Promise<ExitBits> {
  const target = await repairedFile(path, io)
  const kept = undoPath(target)
  return holding([target], io, async (hold) => {
    const record = await recordIn(kept, io)
    const files = filesOf(target, record)
    await hold(files.map((file) => file.path).filter((other) => other !== target))
    await takeBack(files, io)
    await io.disk.remove(kept)
    const words = count(record.words.length, 'word')
    io.out(fit(`${printable(path)} is as it was before the repair: ${words} put back.\n`, io.style))
    return ExitCode.Ok
  })
}

/** The file beside which the undo file is: in a folder the one that has one. */
async function repairedFile(path: string, io: Io): Promise<string> {
  const names = await io.list(path)
  if (names === undefined) return io.disk.followed(path)
  const [found, ...others] = names.flatMap((name) => repairedBeside(join(path, name)) ?? [])
  if (found === undefined) throw new DiskError('no repair in it can be taken back: there is no undo file')
  if (others.length > 0)
    throw new DiskError(`several repairs in it can be taken back: name one of ${[found, ...others].join(', ')}`)
  return io.disk.followed(found)
}

async function recordIn(path: string, io: Io): Promise<UndoRecord> {
  const there = await io.disk.identity(path)
  if (there === undefined) throw new DiskError(`there is no ${path}`)
  if (there.bytes > LARGEST_UNDO) throw new DiskError(`${path} is too large for an undo file`)
  return readUndo(new TextDecoder().decode(await readWhole(path, io)), digesting)
}

/** A VM of one file may have been renamed, its undo file with it. */
function filesOf(target: string, { files }: UndoRecord): RepairedFile[] {
  return files.map((file) => ({ path: files.length === 1 ? target : join(dirname(target), file.name), file }))
}
