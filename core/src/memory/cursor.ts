import type { Gpa } from './gpa.ts'
import { type Place, zeroWords } from './place.ts'
import { type Region, wordIndex } from './region.ts'
import { skipBlank, skipZeros } from './skip-zeros.ts'

/** 32-bit words that cannot be written. */
export type ReadonlyWords = Pick<Int32Array, 'length' | 'slice'> & { readonly [index: number]: number }

/**
 * A reader's place in guest RAM, for loops that look at one 64-bit word after another: made once, pointed anew as often as needed.
 * Nobody else moves it. A write to its page may move the page: seek again after one.
 */
export interface ReadCursor {
  /**
   * Goes to the 64-bit word at `at` (8-byte aligned); false in a hole, and the cursor stays.
   *
   * @throws NotLoadedError when the page is not loaded.
   */
  seek(at: Gpa): boolean
  /** The word at the cursor is `words[index]`, its low half, and `words[index + 1]`; the next one follows. */
  readonly words: ReadonlyWords
  readonly index: number
  /** How many 64-bit words lie in `words` from here on. */
  readonly run: number
  /** True when a write moves no page here: `words` stays what it is. */
  readonly stays: boolean
  /**
   * How many of the 64-bit words from here on, at most `limit`, are known to be zero without a look at them: their pages were never
   * written, or a file says so. May be more than `run`; 0 when the page must be read.
   */
  knownZeros(limit: number): number
  /**
   * Counts the 64-bit words that are zero from here on, at most `limit`, which is at most `run`.
   *
   * Sixteen words at a time as doubles: a lone sign bit compares equal to zero, so 0x8000000000000000 is skipped too. That is
   * exact for ITEs (pINTID 0 is not valid) and wrong for DTEs, CTEs and L1 entries, whose Valid is bit 63.
   */
  skipZeros(limit: number): number
  /** As `skipZeros`, and stops at a lone sign bit too. */
  skipBlank(limit: number): number
}

/** As a `ReadCursor`, for writing: a page that it comes to is private from then on, and dirty. */
export interface WriteCursor {
  /** Goes to the 64-bit word at `at` (8-byte aligned); false in a hole, and the cursor stays. */
  seekForWrite(at: Gpa): boolean
  readonly words: Int32Array
  readonly index: number
  /** How many 64-bit words may be written from here on: to the end of the page. */
  readonly run: number
}

const NOWHERE = zeroWords(0)

/** Both kinds in one class, so that every loop over guest RAM sees the same one. */
export class Cursor implements ReadCursor, WriteCursor, Place {
  words = NOWHERE.words
  doubles = NOWHERE.doubles
  index = 0
  end = 0
  zeroOffset = -1
  #region: Region | undefined
  /** The region, when the cursor reads in a flat one: from word to word only the index changes. */
  #flat: Region | undefined
  readonly #find: (at: Gpa) => Region | undefined

  /** `find` tells which region holds an address. */
  constructor(find: (at: Gpa) => Region | undefined) {
    this.#find = find
  }

  get run(): number {
    return (this.end - this.index) / 2
  }

  get stays(): boolean {
    return this.#flat !== undefined
  }

  seek(at: Gpa): boolean {
    const flat = this.#flat
    if (flat === undefined || !(at >= flat.base && at < flat.end)) return this.#seekAnywhere(at)
    this.index = wordIndex(at - flat.base)
    return true
  }

  #seekAnywhere(at: Gpa): boolean {
    const region = this.#regionOf(at)
    if (region === undefined) return false
    region.point(this, at - region.base)
    this.#region = region
    this.#flat = region.isFlat ? region : undefined
    return true
  }

  seekForWrite(at: Gpa): boolean {
    const region = this.#regionOf(at)
    if (region === undefined) return false
    region.pointForWrite(this, at - region.base)
    this.#region = region
    this.#flat = undefined
    return true
  }

  knownZeros(limit: number): number {
    if (this.#flat !== undefined) return this.#flat.knownZeros(this.index * 4, limit)
    return this.zeroOffset < 0 ? 0 : this.#region!.knownZeros(this.zeroOffset, limit)
  }

  skipZeros(limit: number): number {
    return skipZeros(this, limit)
  }

  skipBlank(limit: number): number {
    return skipBlank(this, limit)
  }

  #regionOf(at: Gpa): Region | undefined {
    const last = this.#region
    return last !== undefined && at >= last.base && at < last.end ? last : this.#find(at)
  }
}
