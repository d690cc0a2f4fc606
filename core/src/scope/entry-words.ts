import { DTE, DTE_NEXT_CAP, FIRST_LPI, HEAD_DTE, HEAD_ITE, HEAD_MAGIC, ITE, ITE_NEXT_CAP, L2_ENTRIES } from '../abi/index.ts'
import type { Scope } from './scope.ts'
import type { ScopeRam } from './scope-ram.ts'

/** What an entry of a table is made of, by the names of the scope: numbers of areas, LPIs and collections, not addresses. */
export interface Entry {
  readonly area?: number
  readonly lpi?: number
  readonly icid?: number
  readonly next?: number
  /** Of a head: the first live index. */
  readonly first?: number
  readonly scribble?: ScribbleName
}

/** Data of somebody else where an ITE was: each is something that a restore objects to. */
export const scribbles = {
  'unmapped ICID': { pintid: FIRST_LPI, icid: 0xfff0, next: 0 },
  'pINTID below 8192': { pintid: FIRST_LPI - 1, icid: 0, next: 0 },
  'next past the ITT': { pintid: FIRST_LPI, icid: 0, next: ITE_NEXT_CAP },
} as const

export type ScribbleName = keyof typeof scribbles

/**
 * The entries that can lie in one kind of place, each with a number from 1 on that stands for it in a record. 0 is the entry of zeros.
 */
export class EntryWords {
  readonly entries: readonly (Entry | undefined)[]
  readonly lo: Int32Array
  readonly hi: Int32Array
  /** By the high half, then by the low one. */
  readonly #codes = new Map<number, Map<number, number>>()
  readonly #names = new Map<string, number>()
  readonly #what: string

  constructor(what: string, rows: readonly (readonly [Entry, { readonly lo: number; readonly hi: number }])[]) {
    this.#what = what
    if (rows.length > 0xff)
      throw new RangeError(`${rows.length} different ${what}s are more than a byte of a record can tell apart`)
    this.entries = [undefined, ...rows.map(([entry]) => entry)]
    this.lo = Int32Array.from([0, ...rows.map(([, { lo }]) => lo)])
    this.hi = Int32Array.from([0, ...rows.map(([, { hi }]) => hi)])
    for (let code = 0; code <= rows.length; code++) {
      const [lo, hi] = [this.lo[code]!, this.hi[code]!]
      const byLow = this.#codes.get(hi) ?? new Map<number, number>()
      if (byLow.has(lo)) throw new RangeError(`two ${what}s of a scope have the same words`)
      this.#codes.set(hi, byLow.set(lo, code))
      this.#names.set(nameOf(this.entries[code]), code)
    }
  }

  /** The number of what lies there. @throws Error for words that nothing in the scope writes: the record would not be all of the state. */
  code(lo: number, hi: number): number {
    const code = this.#codes.get(hi)?.get(lo)
    if (code !== undefined) return code
    const word = [hi, lo].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('_')
    throw new Error(`no operation of the scope leaves the ${this.#what} 0x${word}`)
  }

  /** The number of an entry. */
  codeOf(entry: Entry): number {
    return this.#names.get(nameOf(entry))!
  }
}

const nameOf = (entry: Entry | undefined): string =>
  entry === undefined ? '' : [entry.area, entry.lpi, entry.icid, entry.next, entry.first, entry.scribble].join()

/** EventID bits of every device of a scope: an ITT has at least two entries. */
export const eventIdBits = ({ events }: Pick<Scope, 'events'>): number => Math.max(1, Math.ceil(Math.log2(events)))

export function dteWords(scope: Scope, ram: ScopeRam): EntryWords {
  const size = eventIdBits(scope) - 1
  const rows: [Entry, { lo: number; hi: number }][] = []
  for (const [area, ittAddr] of ram.itts.entries()) {
    for (const next of dteNexts(scope)) rows.push([{ area, next }, DTE.encode({ valid: true, size, ittAddr, next })])
  }
  const firsts = scope.deviceIds.flatMap((id) => [id, id % L2_ENTRIES])
  for (const first of new Set([0, ...firsts])) rows.push([{ first }, HEAD_DTE.encode({ magic: HEAD_MAGIC, first })])
  return new EntryWords('DTE', rows)
}

/** Every `next` that a save of some of the devices writes. */
function dteNexts({ deviceIds }: Scope): Set<number> {
  const nexts = new Set([0])
  for (const [i, id] of deviceIds.entries()) {
    for (const following of deviceIds.slice(i + 1)) {
      nexts.add(Math.min(following - id, DTE_NEXT_CAP))
      nexts.add(Math.min(following - id, L2_ENTRIES - (id % L2_ENTRIES)))
    }
  }
  return nexts
}

export function iteWords({ lpis, collections, events }: Scope): EntryWords {
  const rows: [Entry, { lo: number; hi: number }][] = []
  for (let lpi = 0; lpi < lpis; lpi++) {
    for (let icid = 0; icid < collections; icid++) {
      for (let next = 0; next < events; next++)
        rows.push([{ lpi, icid, next }, ITE.encode({ pintid: FIRST_LPI + lpi, icid, next })])
    }
  }
  for (let first = 0; first < events; first++) rows.push([{ first }, HEAD_ITE.encode({ magic: HEAD_MAGIC, first })])
  for (const [scribble, words] of Object.entries(scribbles)) {
    rows.push([{ scribble: scribble as ScribbleName }, ITE.encode(words)])
  }
  return new EntryWords('ITE', rows)
}
