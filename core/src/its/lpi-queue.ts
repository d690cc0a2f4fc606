import { grown } from './grown.ts'

/** LPI priorities have six bits, [7:2]: one level each. */
const LEVELS = 64

/** Links of the LPIs that wait in some queue: an LPI is in one queue at most. Shared by the queues of all vCPUs. */
export class LpiLinks {
  next = new Int32Array(0)
  previous = new Int32Array(0)

  /** Makes room for LPI numbers below `limit`. */
  reserve(limit: number): void {
    this.next = grown(this.next, limit)
    this.previous = grown(this.previous, limit)
  }
}

/**
 * The LPIs that wait for one vCPU (KVM: its ap_list), highest priority first, equals in order of arrival.
 *
 * A queue may hold LPIs that are no longer pending, enabled or targeted here: KVM looks at that only when the vCPU runs.
 */
export class LpiQueue {
  length = 0
  readonly #links: LpiLinks
  /** First and last LPI of each level, plus 1; 0 is none. */
  readonly #heads = new Int32Array(LEVELS)
  readonly #tails = new Int32Array(LEVELS)
  /** Levels that are not empty: 0 to 31 and 32 to 63. */
  #high = 0
  #low = 0

  constructor(links: LpiLinks) {
    this.#links = links
  }

  /** Appends LPI number `lpi` (counted from 0) at a level; 0 is the highest priority. */
  push(lpi: number, level: number): void {
    const { next, previous } = this.#links
    const tail = this.#tails[level]!
    next[lpi] = 0
    previous[lpi] = tail
    if (tail === 0) {
      this.#heads[level] = lpi + 1
      if (level < 32) this.#high |= 1 << level
      else this.#low |= 1 << (level - 32)
    } else next[tail - 1] = lpi + 1
    this.#tails[level] = lpi + 1
    this.length++
  }

  remove(lpi: number, level: number): void {
    const { next, previous } = this.#links
    const before = previous[lpi]!
    const after = next[lpi]!
    if (before === 0) this.#heads[level] = after
    else next[before - 1] = after
    if (after === 0) this.#tails[level] = before
    else previous[after - 1] = before
    if (this.#heads[level] === 0) {
      if (level < 32) this.#high &= ~(1 << level)
      else this.#low &= ~(1 << (level - 32))
    }
    this.length--
  }

  /** The first LPI of the highest level, or -1. */
  first(): number {
    return this.#firstFrom(0)
  }

  /** The LPI that follows one at `level`, or -1. Take it before the other is removed. */
  after(lpi: number, level: number): number {
    const next = this.#links.next[lpi]!
    return next !== 0 ? next - 1 : this.#firstFrom(level + 1)
  }

  #firstFrom(level: number): number {
    const high = level < 32 ? this.#high & (-1 << level) : 0
    if (high !== 0) return this.#heads[lowestBit(high)]! - 1
    const low = level <= 32 ? this.#low : level < LEVELS ? this.#low & (-1 << (level - 32)) : 0
    return low === 0 ? -1 : this.#heads[32 + lowestBit(low)]! - 1
  }
}

function lowestBit(marks: number): number {
  return 31 - Math.clz32(marks & -marks)
}
