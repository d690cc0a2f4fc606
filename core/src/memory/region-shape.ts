import { shown, wholeNumber } from './arguments.ts'
import { GPA_LIMIT, type Gpa, type GpaRange } from './gpa.ts'

/** How a region keeps its bytes. */
export type Backing =
  /**
   * One buffer for the whole region: fastest; bytes are committed as they are touched. It is the region's own and every write goes through
   * it, so that a page never written is known to be zero, and a walk does not read it.
   */
  | 'flat'
  /** Pages appear when first written; a page never written reads as zeros. */
  | 'sparse'

/** What a region is made from: it ends below 2^52. */
export interface RegionShape {
  /** A multiple of 8. */
  readonly base: Gpa
  /** A multiple of 8, at least 8. */
  readonly bytes: number
  readonly backing?: Backing
}

/** `loaded`: sparse, but pages must be put there before they are read. */
export interface LoadedShape extends GpaRange {
  readonly backing: 'loaded'
}

const backings: readonly string[] = ['flat', 'sparse', 'loaded'] satisfies (Backing | LoadedShape['backing'])[]

/** @throws RangeError for a shape that no region has. */
export function checkShape(base: Gpa, bytes: number, backing: string): void {
  wholeNumber('the base of a region', base, 0, GPA_LIMIT - 8)
  wholeNumber('the bytes of a region', bytes, 8, GPA_LIMIT - base)
  if (bytes % 8 !== 0 || base % 8 !== 0) {
    throw new RangeError(`a region is a whole number of 8-byte words, not ${bytes} bytes at 0x${base.toString(16)}`)
  }
  if (!backings.includes(backing)) throw new RangeError(`${shown(backing)} is no backing of a region: 'flat' or 'sparse'`)
}

/** @throws RangeError where a host has no room for what keeps a region of so many bytes. */
export function allocated<T>(bytes: number, allocate: () => T): T {
  try {
    return allocate()
  } catch (error) {
    throw new RangeError(`there is no room for a region of ${bytes} bytes`, { cause: error })
  }
}
