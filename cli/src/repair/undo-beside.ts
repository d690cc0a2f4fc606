import { basename, dirname, join } from 'node:path'
import type { UndoDocument } from '@vits/core/documents'
import {
  type ByteSource,
  keepsLength,
  type MachineFile,
  readUndo,
  reversed,
  type UndoEdit,
  type UndoFile,
} from '@vits/core/formats'
import type { FileIdentity } from '../disk.ts'
import { readWhole } from '../files/read-whole.ts'
import type { Io } from '../io.ts'
import { digesting } from '../node/digesting.ts'
import { LARGEST_UNDO, undoPath } from './write-repaired.ts'

/** How far a repair in place came. */
type State = UndoDocument['state']

/** The files of a saved VM that is open, and those of them that are on the disk. */
interface Opened {
  readonly files: readonly MachineFile[]
  readonly identities: ReadonlyMap<string, FileIdentity>
}

/** The undo file that lies beside a saved VM, and what the repair that wrote it came to; undefined where there is none. */
export async function undoBeside({ files, identities }: Opened, io: Io): Promise<UndoDocument | undefined> {
  for (const { name } of files) {
    if (identities.get(name)?.isFile !== true) continue
    const target = await io.disk.followed(name)
    const file = undoPath(target)
    const there = await io.disk.identity(file)
    if (there?.isFile === true)
      return { file, state: there.bytes > LARGEST_UNDO ? 'unreadable' : await stateOf(file, target, io) }
  }
  return undefined
}

async function stateOf(undo: string, target: string, io: Io): Promise<State> {
  let files: readonly UndoFile[]
  try {
    files = readUndo(new TextDecoder().decode(await readWhole(undo, io)), digesting).files
  } catch {
    return 'unreadable'
  }
  const names = files.length === 1 ? [basename(target)] : files.map(({ name }) => name)
  const states = new Set<State>()
  for (const [i, name] of names.entries())
    for (const state of await statesOf(join(dirname(target), name), files[i]!, io)) states.add(state)
  if (states.has('foreign')) return 'foreign'
  return states.size > 1 ? 'interrupted' : [...states][0]!
}

/** Of every place in one file. */
async function statesOf(path: string, file: UndoFile, io: Io): Promise<State[]> {
  const source = await io.open(path).catch(() => undefined)
  if (source === undefined) return ['foreign']
  try {
    if (keepsLength(reversed(file))) return await Promise.all(file.edits.map((edit) => placeIn(source, edit)))
    // Of a repair that moves bytes there is no half: it is a new file under the old name.
    const shifted = reversed(file).map(({ offset }) => offset)
    if (source.byteLength === file.bytesAfter && (await every(file, (one, i) => holds(source, one.after, shifted[i]!))))
      return ['repaired']
    const isOld = source.byteLength === file.bytesBefore && (await every(file, (one) => holds(source, one.before, one.offset)))
    return [isOld ? 'unchanged' : 'foreign']
  } finally {
    await source.close()
  }
}

/** What was written over may be half old and half new. */
async function placeIn(source: ByteSource, { before, after, offset }: UndoEdit): Promise<State> {
  if (await holds(source, after, offset)) return 'repaired'
  if (await holds(source, before, offset)) return 'unchanged'
  const there = await source.slice(offset, offset + before.length)
  const isEither = there.length === before.length && there.every((byte, i) => byte === before[i] || byte === after[i])
  return isEither ? 'interrupted' : 'foreign'
}

async function every({ edits }: UndoFile, is: (edit: UndoEdit, i: number) => Promise<boolean>): Promise<boolean> {
  for (const [i, edit] of edits.entries()) if (!(await is(edit, i))) return false
  return true
}

async function holds(source: ByteSource, bytes: Uint8Array, at: number): Promise<boolean> {
  if (at + bytes.length > source.byteLength) return false
  const there = await source.slice(at, at + bytes.length)
  return there.every((byte, i) => byte === bytes[i])
}

/** In a line for people. */
export function undoWords({ file, state }: UndoDocument, run: string): string {
  const words: Readonly<Record<State, string>> = {
    repaired: `It was repaired in place; ${run} takes that back.`,
    interrupted: `A repair in place was interrupted, and some of its words are written and others not; ${run} takes them back.`,
    unchanged: `A repair in place ended before it changed a word; ${run} clears up after it.`,
    foreign: `${file} lies beside it, and is of another VM, or the VM has changed since that repair.`,
    unreadable: `${file} lies beside it, and cannot be read.`,
  }
  return words[state]
}
