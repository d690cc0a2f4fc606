import { CTE, ENTRY_BYTES, HEAD_DTE, HEAD_ITE, HEAD_MAGIC, HEAD_STAMP } from '../abi/index.ts'
import type { Gpa, GuestMemory, ReadonlyMemory, Region } from '../memory/index.ts'
import { isValidDte, isValidIte } from './scan.ts'

const STAMP_MASK = 0x7ff

/**
 * How the head of a table is kept: not at all, as the proposal of November 2024 posted it, or with its defects gone.
 *
 * Ours is the same entry, one for each table that needs one: at index 0 of a flat device table, of every second-level page and of
 * every ITT whose entry 0 is not live. It counts from its own index, is read at index 0 only, and only when the last save wrote
 * it: that save stamps the first CTE in bits that every kernel ignores and every kernel's save clears.
 */
export type HeadKind = 'none' | 'proposed' | 'ours'

/** True for the low word of a head, of a table or of an ITT, when the entry is not valid. */
export const isHead = (lo: number): boolean => (lo & 0xffff) === HEAD_MAGIC

/** True when the last save of these tables wrote our heads: the stamp stands in the first CTE. */
export function hasOurHeads(
  memory: ReadonlyMemory,
  { valid, base }: { readonly valid: boolean; readonly base: number },
): boolean {
  if (!valid || !memory.contains(base as Gpa, ENTRY_BYTES)) return false
  return CTE.fields.stamp.get(memory.u32(base as Gpa), memory.u32((base + 4) as Gpa)) === HEAD_STAMP
}

/** Sets or clears the stamp in the first CTE; nothing when that is not in RAM. */
export function stampCte(memory: GuestMemory, base: number, stamped: boolean): void {
  if (!memory.contains(base as Gpa, ENTRY_BYTES)) return
  const hi = memory.u32((base + 4) as Gpa) & ~CTE.fields.stamp.putHi(STAMP_MASK)
  memory.setU32((base + 4) as Gpa, hi | (stamped ? CTE.fields.stamp.putHi(HEAD_STAMP) : 0))
}

/** The index that a head at `base` points at, when it points at a valid DTE of its own block; else 0. */
export function plausibleDte(memory: ReadonlyMemory, base: number, entries: number): number {
  const region = memory.seek(base as Gpa)
  if (region === undefined) return 0
  const lo = region.words[region.index]!
  const hi = region.words[region.index + 1]!
  if (isValidDte(hi) || !isHead(lo)) return 0
  const first = HEAD_DTE.fields.first.get(lo, hi)
  return first < entries && toEntry(memory, region, base, first) && isValidDte(region.words[region.index + 1]!) ? first : 0
}

/** The EventID that a head at `base` points at, when it points at a valid ITE of its own ITT; else 0. */
export function plausibleIte(memory: ReadonlyMemory, base: number, entries: number): number {
  const region = memory.seek(base as Gpa)
  if (region === undefined) return 0
  const { words, index } = region
  const lo = words[index]!
  const hi = words[index + 1]!
  if (isValidIte(lo, hi) || !isHead(lo)) return 0
  const first = HEAD_ITE.fields.first.get(lo, hi)
  if (first >= entries || !toEntry(memory, region, base, first)) return 0
  return isValidIte(region.words[region.index]!, region.words[region.index + 1]!) ? first : 0
}

/** Moves the cursor of `region` from `base` to an entry further on; false when that is not in the same region. */
function toEntry(memory: ReadonlyMemory, region: Region, base: number, entry: number): boolean {
  if (entry >= region.run) return memory.seek((base + entry * ENTRY_BYTES) as Gpa) === region
  region.index += 2 * entry
  return true
}
