import type { Region } from './region.ts'

/**
 * Counts the 64-bit words that are zero from the cursor of `region` on, at most `limit`.
 *
 * Sixteen words at a time as doubles: a lone sign bit compares equal to zero, so 0x8000000000000000 is skipped too. That is
 * exact for ITEs (pINTID 0 is not valid) and wrong for DTEs, CTEs and L1 entries, whose Valid is bit 63.
 */
export function skipZeros({ doubles, words, index }: Region, limit: number): number {
  const start = index / 2
  const end = start + limit
  let at = start
  for (const last = end - 15; at < last; at += 16) {
    if (
      doubles[at] !== 0 ||
      doubles[at + 1] !== 0 ||
      doubles[at + 2] !== 0 ||
      doubles[at + 3] !== 0 ||
      doubles[at + 4] !== 0 ||
      doubles[at + 5] !== 0 ||
      doubles[at + 6] !== 0 ||
      doubles[at + 7] !== 0 ||
      doubles[at + 8] !== 0 ||
      doubles[at + 9] !== 0 ||
      doubles[at + 10] !== 0 ||
      doubles[at + 11] !== 0 ||
      doubles[at + 12] !== 0 ||
      doubles[at + 13] !== 0 ||
      doubles[at + 14] !== 0 ||
      doubles[at + 15] !== 0
    )
      break
  }
  while (at < end && (words[2 * at]! | words[2 * at + 1]!) === 0) at++
  return at - start
}
