import type { Place } from './place.ts'

/** Counts the 64-bit words that are zero from `place` on, at most `limit`; see `ReadCursor.skipZeros`. */
export function skipZeros({ doubles, words, index }: Place, limit: number): number {
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
