import type { Random } from './random.ts'

/**
 * A number that fits `bits` bits and where code tends to be wrong: an end of the range, a power of two, beside one, small, or anything.
 * Above 53 bits it is not exact.
 */
export function edgeNumber(random: Random, bits: number): number {
  const limit = 2 ** bits
  const near = 2 ** random.below(bits + 1)
  switch (random.below(8)) {
    case 0:
      return 0
    case 1:
      return limit - 1
    case 2:
      return Math.min(limit - 1, random.below(20))
    case 3:
      return Math.max(0, limit - 1 - random.below(20))
    case 4:
      return near % limit
    case 5:
      return near - 1
    case 6:
      return (near + 1) % limit
    default:
      return bits > 53 ? random.below(2 ** 53) * 2 ** (bits - 53) : random.below(limit)
  }
}

/** The same as a u64. */
export function edgeWord(random: Random): bigint {
  const number = random.once(3) ? (BigInt(random.next()) << 32n) | BigInt(random.next()) : BigInt(edgeNumber(random, 64))
  return BigInt.asUintN(64, random.once(2) ? number : -number)
}
