import { type Gpa, type GuestMemory, PAGE_BYTES } from '../memory/index.ts'
import { type ByteSource, readExactly } from './byte-source.ts'

/** One change of a file: `remove` bytes at `offset` give way to `insert`. */
export interface Edit {
  readonly offset: number
  readonly remove: number
  readonly insert: Uint8Array
}

const COPY_BYTES = 4 << 20
/** Differences closer than this become one edit. */
const SMALLEST_GAP = 16

/** The pages that were written since `memory` was loaded, with their new contents: what `SavedMachine.edits` takes. */
export function changedPages(memory: GuestMemory): Map<Gpa, Uint8Array> {
  return new Map(memory.dirtyPages().map((at) => [at, memory.read(at, PAGE_BYTES)]))
}

/** What `SavedMachine.edits` throws for a page that is not in RAM or not whole. */
export function notAPage(at: Gpa, contents: Uint8Array): RangeError {
  return new RangeError(`0x${at.toString(16)} and ${contents.length} bytes are not a page of RAM`)
}

/** The edits that turn `before`, which lies at `offset`, into `after` of the same length. They are whole words of `word` bytes. */
export function differences(offset: number, before: Uint8Array, after: Uint8Array, word = 1): Edit[] {
  const edits: Edit[] = []
  for (let at = 0; at < after.length; at++) {
    if (before[at] === after[at]) continue
    at -= at % word
    let end = at + word
    // Behind the end nothing differs any more.
    for (let next = end; next - end < SMALLEST_GAP; next++) {
      if (before[next] !== after[next]) end = next - (next % word) + word
    }
    edits.push({ offset: offset + at, remove: end - at, insert: after.slice(at, end) })
    at = end
  }
  return edits
}

/** True when the edits can be written into the file itself: nothing moves. */
export function keepsLength(edits: readonly Edit[]): boolean {
  return edits.every(({ remove, insert }) => remove === insert.length)
}

/** Bytes of the source once the edits are made. */
export function editedLength(source: ByteSource, edits: readonly Edit[]): number {
  return edits.reduce((bytes, { remove, insert }) => bytes + insert.length - remove, source.byteLength)
}

/**
 * The source with the edits made, piece by piece. Edits are in order of their offsets and do not overlap.
 *
 * @throws RangeError when they do.
 */
export async function* applyEdits(source: ByteSource, edits: readonly Edit[]): AsyncGenerator<Uint8Array> {
  let at = 0
  for (const { offset, remove, insert } of edits) {
    if (offset < at || offset + remove > source.byteLength) throw new RangeError(`no edit can follow at ${offset}`)
    yield* copied(source, at, offset)
    if (insert.length > 0) yield insert
    at = offset + remove
  }
  yield* copied(source, at, source.byteLength)
}

/** The bytes from `start` up to `end`, piece by piece. */
export async function* copied(source: ByteSource, start: number, end: number): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; at += COPY_BYTES) {
    yield readExactly(source, at, Math.min(COPY_BYTES, end - at), 'the rest of the file')
  }
}
