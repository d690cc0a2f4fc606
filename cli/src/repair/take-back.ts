import { applyEdits, type ByteSource, type Edit, keepsLength, reversed, type UndoEdit, type UndoFile } from '@vits/core/formats'
import { DiskError, type FileIdentity } from '../disk.ts'
import type { Io, OpenFile } from '../io.ts'
import { digesting } from '../node/digesting.ts'

/** A file that a repair changed, or was about to change. */
export interface RepairedFile {
  readonly path: string
  /** What the repair did to it. */
  readonly file: UndoFile
}

/** A file as it is now. */
interface Changed extends RepairedFile {
  readonly source: ByteSource
  readonly identity: FileIdentity | undefined
}

/** Does to a file what takes the repair back. */
type PutBack = () => Promise<void>

/**
 * Puts back what a repair changed in all of its files, which are locked, or changes none of them.
 *
 * @throws DiskError when one is neither as the repair left it, nor as it was, nor between the two.
 */
export async function takeBack(files: readonly RepairedFile[], io: Io): Promise<void> {
  const opened: OpenFile[] = []
  try {
    const work: { changed: Changed; putBack: PutBack }[] = []
    for (const repaired of files) {
      const identity = await io.disk.identity(repaired.path)
      const source = await io.open(repaired.path)
      opened.push(source)
      const changed = { ...repaired, source, identity }
      const putBack = await wayBack(changed, io)
      const what = files.length === 1 ? 'the file' : repaired.file.name
      if (putBack === undefined) throw new DiskError(`${what} is not as the repair left it; nothing was changed`)
      work.push({ changed, putBack })
    }
    for (const { changed } of work) await refuseChanged(changed, io)
    for (const { putBack } of work) await putBack()
  } finally {
    for (const file of opened) await file.close()
  }
}

async function refuseChanged({ path, identity }: Changed, io: Io): Promise<void> {
  const now = await io.disk.identity(path)
  if (now?.stamp !== identity?.stamp) throw new DiskError(`${path} was changed while it was read; nothing was written to it`)
}

/** What is left to do to one file; undefined when what it would become is not what it was. */
async function wayBack(changed: Changed, io: Io): Promise<PutBack | undefined> {
  const { path, source, file, identity } = changed
  if (source.byteLength === file.bytesBefore && (await every(source, file.edits, isBefore)) && (await gives(changed, [], io)))
    return async () => {}
  const edits = reversed(file)
  const stays = keepsLength(edits)
  // Where nothing moves, an interrupted repair leaves some places changed and others not.
  const isOurs = () => (stays ? every(source, file.edits, isEither) : holdsRepair(source, edits, file.edits))
  if (source.byteLength !== file.bytesAfter || !(await isOurs()) || !(await gives(changed, edits, io))) return undefined
  if (stays) return () => io.disk.patch(path, edits, identity)
  const pieces = applyEdits(source, edits)
  return () => io.disk.create(path, { bytes: file.bytesBefore, pieces, like: identity }, { replace: true })
}

/** True when the file with these edits is, to its last byte, what it was before the repair; old records do not tell. */
async function gives({ source, file }: Changed, edits: readonly Edit[], io: Io): Promise<boolean> {
  if (file.digests === undefined) return true
  const digest = digesting.sha256()
  let done = 0
  for await (const piece of applyEdits(source, edits)) {
    digest.update(piece)
    done += piece.length
    io.progress?.(`digesting, ${Math.floor((100 * done) / file.bytesBefore)} %`)
  }
  io.progress?.('')
  return digest.digest('hex') === file.digests.before
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
