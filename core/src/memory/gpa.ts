import { shown } from './arguments.ts'

/** A guest physical address in bytes. ITS addresses have at most 52 bits, so a number is exact. */
export type Gpa = number & { readonly __gpa: never }

/** The first address that does not fit 52 bits. */
export const GPA_LIMIT = 2 ** 52

/**
 * Brands a guest physical address.
 *
 * @throws RangeError when the value is not a whole number below 2^52.
 */
export function gpa(value: number | bigint): Gpa {
  const address = typeof value === 'bigint' ? Number(value) : value
  if (typeof address !== 'number' || !Number.isSafeInteger(address) || address < 0 || address >= GPA_LIMIT) {
    throw new RangeError(`not a 52-bit address: ${shown(value)}`)
  }
  return address as Gpa
}

/** A run of guest physical addresses: `base` up to, not including, `base + bytes`. */
export interface GpaRange {
  readonly base: Gpa
  readonly bytes: number
}

/** Sorts ranges and joins those that touch or overlap. Empty ranges are dropped. */
export function coalesce(ranges: readonly GpaRange[]): GpaRange[] {
  const sorted = ranges.filter((range) => range.bytes > 0).sort((a, b) => a.base - b.base)
  const joined: { base: Gpa; bytes: number }[] = []
  for (const range of sorted) {
    const last = joined.at(-1)
    if (last !== undefined && range.base <= last.base + last.bytes) {
      last.bytes = Math.max(last.bytes, range.base + range.bytes - last.base)
    } else joined.push({ base: range.base, bytes: range.bytes })
  }
  return joined
}
