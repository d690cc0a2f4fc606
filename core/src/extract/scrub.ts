import type { GicRegisters } from '../abi/index.ts'
import { type Gpa, type GpaRange, type LoadableMemory, PAGE_BYTES, type ReadonlyMemory } from '../memory/index.ts'
import { dteRanges, lpiRanges, registerRanges, tableView } from '../tables/index.ts'
import { isReadable } from './loaded-words.ts'
import { scrubItts } from './scrub-itts.ts'

/**
 * Copies into `blank` what the ITS owns in the loaded pages of `memory`, and zeros for everything else that lies there: what
 * the guest keeps beside its ITTs, and in ITTs that it has freed.
 *
 * A word of an ITT that is no entry any guest can have written becomes one that every kernel answers in the same way and that every
 * witness takes for the same: its numbers become others of their kind, and stay equal where they were equal. `blank` has the same
 * regions as `memory`, with nothing loaded.
 *
 * @returns false when the tables hold more than `mostWork` steps are enough for, see `WALK_WORK`: entries are blanked then that the case needs.
 */
export function scrubInto(
  blank: LoadableMemory,
  memory: ReadonlyMemory,
  registers: GicRegisters,
  pages: readonly GpaRange[],
  mostWork?: number,
): boolean {
  for (const { base, bytes } of pages) {
    for (let at: number = base; at < base + bytes; at += PAGE_BYTES) blank.loadZeros(at as Gpa)
  }
  // Entries first: where an ITT lies in a table or in a queue, those are copied over it whole.
  const isWhole = scrubItts(blank, memory, registers, mostWork)
  for (const its of registers.itses.keys()) {
    for (const range of registerRanges(registers, its)) copy(blank, memory, range)
    for (const range of dteRanges(memory, tableView(registers, its).deviceTable)) copy(blank, memory, range)
  }
  for (const range of lpiRanges(registers)) copy(blank, memory, range)
  return isWhole
}

/** Copies the bytes of a range that are loaded in both, and leaves the rest of their pages as it is. */
export function copy(blank: LoadableMemory, memory: ReadonlyMemory, { base, bytes }: GpaRange): void {
  for (let at = base - (base % PAGE_BYTES); at < base + bytes; at += PAGE_BYTES) {
    if (!isReadable(memory, at as Gpa) || !isReadable(blank, at as Gpa)) continue
    const from = Math.max(at, base) as Gpa
    blank.write(from, memory.read(from, Math.min(at + PAGE_BYTES, base + bytes) - from))
  }
}
