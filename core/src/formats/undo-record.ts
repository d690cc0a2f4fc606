import { type ByteSource, readExactly } from './byte-source.ts'
import { copied, type Edit } from './edits.ts'

/** One place in a file that a repair changed: what was there and what is there now, the same length or not. */
export interface UndoEdit {
  /** Where the old bytes were. */
  readonly offset: number
  readonly before: Uint8Array
  readonly after: Uint8Array
}

/** SHA-256 of a whole file as it was and as the repair leaves it: 64 hexadecimal digits each. */
export interface UndoDigests {
  readonly before: string
  readonly after: string
}

/** What is needed to take the repair of one file back. */
export interface UndoFile {
  /** Without its folder. */
  readonly name: string
  readonly bytesBefore: number
  readonly bytesAfter: number
  /** In order of their offsets, without overlap. */
  readonly edits: readonly UndoEdit[]
  /** Undefined in a record of version 1 or 2, which has none. */
  readonly digests: UndoDigests | undefined
}

/** What is needed to take a repair in place back. */
export interface UndoRecord {
  /** The files that the repair changed, at least one; they lie in one folder. */
  readonly files: readonly UndoFile[]
  /** The words of guest RAM that changed, for people. */
  readonly words: readonly string[]
}

/** A file of a record that is to be written. */
export interface NewUndoFile extends UndoFile {
  readonly digests: UndoDigests
}

/** SHA-256, fed piece by piece: what `createHash('sha256')` of node:crypto answers. */
export interface Sha256 {
  /** Text counts as UTF-8. */
  update(data: Uint8Array | string): unknown
  digest(encoding: 'hex'): string
}

/** What the host of this library brings to digest a file. */
export interface Digesting {
  sha256(): Sha256
  /** Bytes of the file digested so far, of all. */
  readonly progress?: (done: number, total: number) => void
}

/** Reads the file once: for the bytes that the edits take away, so that they can be put back, and for its digests. */
export async function undoFile(
  name: string,
  source: ByteSource,
  edits: readonly Edit[],
  { sha256, progress }: Digesting,
): Promise<NewUndoFile> {
  const [was, is] = [sha256(), sha256()]
  const kept: UndoEdit[] = []
  let at = 0
  const stays = async (end: number) => {
    for await (const piece of copied(source, at, end)) {
      was.update(piece)
      is.update(piece)
      at += piece.length
      progress?.(at, source.byteLength)
    }
  }
  let bytesAfter = source.byteLength
  for (const { offset, remove, insert } of edits) {
    await stays(offset)
    const before = await readExactly(source, offset, remove, 'the bytes that a repair changes')
    kept.push({ offset, before: before.slice(), after: insert })
    was.update(before)
    is.update(insert)
    at += remove
    bytesAfter += insert.length - remove
  }
  await stays(source.byteLength)
  const digests = { before: was.digest('hex'), after: is.digest('hex') }
  return { name, bytesBefore: source.byteLength, bytesAfter, edits: kept, digests }
}

/** The edits that take the repair back, for the file as the repair left it. */
export function reversed({ edits }: UndoFile): Edit[] {
  let shift = 0
  return edits.map(({ offset, before, after }) => {
    const edit = { offset: offset + shift, remove: after.length, insert: before }
    shift += after.length - before.length
    return edit
  })
}
