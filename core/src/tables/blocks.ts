import { ENTRY_BYTES, L1E, L2_BYTES, L2_ENTRIES, type TableShape } from '../abi/index.ts'
import { type Gpa, NotLoadedError, PAGE_BYTES, type ReadCursor, type ReadonlyMemory } from '../memory/index.ts'
import { WALK_WORK, workOfZeros } from './reader.ts'
import { nextValidDte } from './scan.ts'

/** A contiguous run of DTEs: a flat device table, or one second-level page. */
export interface DteBlock {
  readonly base: Gpa
  /** DeviceID of the first entry. */
  readonly firstId: number
  readonly entries: number
  /** Where the first-level entry that names this page lies; undefined for a flat table. */
  readonly l1At: Gpa | undefined
}

/**
 * The blocks of a device table, in DeviceID order. A page that several first-level entries name comes once, for the first
 * of them. First-level entries outside loaded RAM are passed over.
 */
export function dteBlocks(memory: ReadonlyMemory, table: TableShape): DteBlock[] {
  const blocks = new Map<number, DteBlock>()
  for (const block of namedBlocks(memory, table)) if (!blocks.has(block.base)) blocks.set(block.base, block)
  return [...blocks.values()]
}

/** As `dteBlocks`, and a page comes as often as it is named. */
export function* namedBlocks(memory: ReadonlyMemory, { valid, indirect, base, bytes }: TableShape): Generator<DteBlock> {
  if (!valid) return
  if (!indirect) {
    yield { base: base as Gpa, firstId: 0, entries: bytes / ENTRY_BYTES, l1At: undefined }
    return
  }
  const { l2Addr } = L1E.fields
  const cursor = memory.cursor()
  for (let at = base; at < base + bytes; ) {
    if (!seekLoaded(cursor, at as Gpa)) {
      // RAM begins and ends at page boundaries at the finest, and a page is loaded as a whole.
      at += PAGE_BYTES - (at % PAGE_BYTES)
      continue
    }
    const limit = Math.min(cursor.run, (base + bytes - at) / ENTRY_BYTES)
    const invalid = nextValidDte(cursor, limit)
    at += invalid * ENTRY_BYTES
    if (invalid === limit) continue
    const index = cursor.index + 2 * invalid
    const l2 = l2Addr.get(cursor.words[index]!, cursor.words[index + 1]!) as Gpa
    const firstId = ((at - base) / ENTRY_BYTES) * L2_ENTRIES
    yield { base: l2, firstId, entries: L2_BYTES / ENTRY_BYTES, l1At: at as Gpa }
    at += ENTRY_BYTES
  }
}

/** What became of the words of a range. */
export interface WordsRead {
  /** They lie outside RAM, or were not loaded. */
  readonly unreadable: number
  /** Some of those lie in RAM that was not loaded. */
  readonly needs: boolean
  readonly read: number
  /** What looking at those cost, in steps. */
  readonly work: number
}

/** Calls `entry` for every word from `base` on whose place is in loaded RAM and that `next` does not skip. */
export function eachWord(
  memory: ReadonlyMemory,
  base: number,
  words: number,
  next: typeof nextValidDte,
  entry: (slot: number, lo: number, hi: number, at: Gpa) => boolean,
): WordsRead {
  const cursor = memory.cursor()
  let unreadable = 0
  let needs = false
  let spared = 0
  let slot = 0
  while (slot < words) {
    const at = (base + slot * ENTRY_BYTES) as Gpa
    if (!seekLoaded(cursor, at)) {
      // RAM begins and ends at page boundaries at the finest, and a page is loaded as a whole.
      const step = Math.min(words - slot, (PAGE_BYTES - (at % PAGE_BYTES)) / ENTRY_BYTES)
      unreadable += step
      needs ||= !memory.isLoaded(at)
      slot += step
      continue
    }
    const zeros = cursor.knownZeros(words - slot)
    if (zeros > 0) {
      slot += zeros
      spared += zeros * WALK_WORK.entry - workOfZeros(zeros)
      continue
    }
    // What is known is known page by page.
    const limit = Math.min(cursor.run, words - slot, (PAGE_BYTES - (at % PAGE_BYTES)) / ENTRY_BYTES)
    const skipped = next(cursor, limit)
    slot += skipped
    if (skipped === limit) continue
    const index = cursor.index + 2 * skipped
    if (!entry(slot, cursor.words[index]!, cursor.words[index + 1]!, (at + skipped * ENTRY_BYTES) as Gpa)) break
    slot++
  }
  const read = Math.min(slot + 1, words) - unreadable
  return { unreadable, needs, read, work: read * WALK_WORK.entry - spared }
}

function seekLoaded(cursor: ReadCursor, at: Gpa): boolean {
  try {
    return cursor.seek(at)
  } catch (error) {
    if (error instanceof NotLoadedError) return false
    throw error
  }
}
