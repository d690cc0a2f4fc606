import type { ReadCursor } from '../memory/index.ts'

/** Counts the DTEs (or CTEs, L1 entries) without Valid from the cursor on, at most `limit`: bit 63 is a sign bit. */
export function nextValidDte({ words, index }: ReadCursor, limit: number): number {
  const start = index + 1
  const end = start + 2 * limit
  let at = start
  while (at < end && !isValidDte(words[at]!)) at += 2
  return (at - start) / 2
}

/** Counts the ITEs with pINTID 0 from the cursor on, at most `limit`; whatever else they hold. */
export function nextValidIte(cursor: ReadCursor, limit: number): number {
  const { words, index } = cursor
  if (isValidIte(words[index]!, words[index + 1]!)) return 0
  let entry = cursor.skipZeros(limit)
  while (entry < limit && !isValidIte(words[index + 2 * entry]!, words[index + 2 * entry + 1]!)) entry++
  return entry
}

/** Counts the entries that are all zero from the cursor on, at most `limit`. */
export function nextNonzero({ words, index }: ReadCursor, limit: number): number {
  const end = index + 2 * limit
  let at = index
  while (at < end && (words[at]! | words[at + 1]!) === 0) at += 2
  return (at - index) / 2
}

/** A DTE, CTE or first-level entry is valid when bit 63 is set: the sign of its upper half. */
export const isValidDte = (hi: number): boolean => hi < 0

/** An ITE is valid when its pINTID is not 0. */
export const isValidIte = (lo: number, hi: number): boolean => ((hi & 0xffff) | (lo >>> 16)) !== 0

/**
 * How many entries of an ITT KVM scans. Up to 16 EventID bits that is all of it; what the size of a larger one becomes in KVM's
 * `int size`, made an `unsigned long`: negative is without end, and 0 ends after the first entry.
 */
export function ittScanLength(eventIdBits: number): number {
  if (eventIdBits < 28) return 1 << eventIdBits
  return eventIdBits === 28 ? Number.POSITIVE_INFINITY : 1
}
