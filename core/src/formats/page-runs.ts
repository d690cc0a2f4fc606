import { coalesce, firstPast, type Gpa, type GpaRange, PAGE_BYTES } from '../memory/index.ts'

/** Pages of guest RAM as runs in address order, numbered from the first page of the first run on. */
export class PageRuns {
  readonly ranges: readonly GpaRange[]
  readonly count: number
  /** The number of the first page of each run. */
  readonly #first: readonly number[]

  /** `ranges` are whole pages, in order, without overlap. */
  constructor(ranges: readonly GpaRange[]) {
    let count = 0
    this.#first = ranges.map(({ bytes }) => {
      const first = count
      count += bytes / PAGE_BYTES
      return first
    })
    this.ranges = ranges
    this.count = count
  }

  /** The number of the page at `at`, or -1 when it is none of these. */
  indexOf(at: Gpa): number {
    const past = firstPast(this.ranges.length, (i) => this.ranges[i]!.base > at)
    const run = this.ranges[past - 1]
    if (run === undefined || at >= run.base + run.bytes) return -1
    return this.#first[past - 1]! + (at - run.base) / PAGE_BYTES
  }
}

/** The pages of `ram`, which is in address order, that `ranges` touch, in the order of the ranges. */
export function* pagesIn(ram: readonly GpaRange[], ranges: readonly GpaRange[]): Generator<Gpa> {
  for (const { base, bytes } of ranges) {
    const end = base + bytes
    let index = firstPast(ram.length, (i) => ram[i]!.base + ram[i]!.bytes > base)
    for (let piece = ram[index]; piece !== undefined && piece.base < end; piece = ram[++index]) {
      const from = Math.max(base, piece.base)
      const until = Math.min(end, piece.base + piece.bytes)
      for (let at = from - (from % PAGE_BYTES); at < until; at += PAGE_BYTES) yield at as Gpa
    }
  }
}

/** The pages of `ram` that `ranges` touch, all of it in address order, as whole runs. */
export function touched(ram: readonly GpaRange[], ranges: readonly GpaRange[]): GpaRange[] {
  const whole = ranges.map(({ base, bytes }) => {
    const first = base - (base % PAGE_BYTES)
    return { base: first as Gpa, bytes: Math.ceil((base + bytes - first) / PAGE_BYTES) * PAGE_BYTES }
  })
  return inRanges(coalesce(whole), ram)
}

/** What of `ranges` is none of `others`; each of the two in address order, without overlap. */
export function withoutRanges(ranges: readonly GpaRange[], others: readonly GpaRange[]): GpaRange[] {
  const left: GpaRange[] = []
  let next = 0
  for (const { base, bytes } of ranges) {
    const end = base + bytes
    let from: number = base
    while (next < others.length && others[next]!.base + others[next]!.bytes <= base) next++
    for (let i = next; i < others.length && others[i]!.base < end; i++) {
      const other = others[i]!
      if (other.base > from) left.push({ base: from as Gpa, bytes: other.base - from })
      from = other.base + other.bytes
    }
    if (from < end) left.push({ base: from as Gpa, bytes: end - from })
  }
  return left
}

/** What of `ranges` is one of `others`, as `withoutRanges`. */
export function inRanges(ranges: readonly GpaRange[], others: readonly GpaRange[]): GpaRange[] {
  return withoutRanges(ranges, withoutRanges(ranges, others))
}
