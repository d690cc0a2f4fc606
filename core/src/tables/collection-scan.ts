import { CTE, ENTRY_BYTES, type Quirks, UNMAPPED_TARGET } from '../abi/index.ts'
import type { Gpa, ReadCursor, ReadonlyMemory, Where } from '../memory/index.ts'
import { IdSet } from './id-set.ts'
import type { LpiReach } from './lpi-reach.ts'
import type { ObjectionName } from './objections.ts'
import type { Answer, TableReader } from './reader.ts'
import type { TableView } from './table-view.ts'

const ENDED = -1
const LAST = 0
const PAST = 1
const { icid: icidOf, rdBase: rdBaseOf } = CTE.fields

/** The walk that a scan of the collection table is a part of. */
interface CollectionWalk {
  readonly cursor: ReadCursor
  count(entries: number): boolean
  object(name: ObjectionName, at: number, where?: Where): number
  answered(answer: Answer, where: Where): number
}

interface Parts {
  readonly memory: ReadonlyMemory
  readonly view: TableView
  readonly quirks: Quirks
  readonly reader: TableReader
  readonly lpis: LpiReach | undefined
  /** Collections that are known before. */
  readonly icids: Iterable<number>
}

/** The scan of the collection table: entry by entry, up to the first that is not valid. @source vgic_its_restore_collection_table */
export class CollectionScan {
  /** Collections that came back. */
  count = 0
  endedByFullTable = false
  /** The collections known so far. */
  readonly icids = new IdSet()
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
    for (const icid of parts.icids) this.icids.add(icid)
  }

  /** ENDED, LAST at an entry that is not valid, or PAST the whole table. */
  scan(walk: CollectionWalk): number {
    const { view, quirks } = this.#parts
    const { base, bytes } = view.collectionTable
    for (let at = base; at < base + bytes; at += ENTRY_BYTES) {
      if (!walk.count(1)) return ENDED
      if (!walk.cursor.seek(at as Gpa)) return walk.object('cte-unreadable', at)
      const { words, index } = walk.cursor
      const hi = words[index + 1]!
      if (hi >= 0) return LAST
      if (this.#visit(walk, words[index]!, hi, at as Gpa) === ENDED) return ENDED
    }
    if (!quirks['full-collection-table-ends-restore']) return PAST
    this.endedByFullTable = true
    return ENDED
  }

  #visit(walk: CollectionWalk, lo: number, hi: number, at: Gpa): number {
    const { memory, view, quirks, reader, lpis } = this.#parts
    const rdBase = rdBaseOf.get(lo, hi)
    const icid = icidOf.get(lo, hi)
    if (!this.#isTarget(rdBase)) return walk.object('cte-target', at, { icid })
    if (this.icids.has(icid)) return walk.object('cte-duplicate', at, { icid })
    const { base, bytes } = view.collectionTable
    if (icid * ENTRY_BYTES >= bytes || !memory.contains((base + icid * ENTRY_BYTES) as Gpa)) {
      return quirks['cte-out-of-range-skipped'] ? PAST : walk.object('cte-unstorable', at, { icid })
    }
    this.icids.add(icid)
    this.count++
    lpis?.collection(icid, rdBase)
    return walk.answered(reader.collection(icid, rdBase, at), { at, icid })
  }

  /** An RDbase that a CTE may hold. */
  #isTarget(rdBase: number): boolean {
    const { view, quirks } = this.#parts
    if (rdBase === UNMAPPED_TARGET) return !quirks['restore-refuses-unmapped-collection']
    const isCounted = rdBase < view.vcpuIds.length
    const isNamed = view.vcpuIds.includes(rdBase)
    return isNamed !== isCounted && quirks['target-is-index'] ? isCounted : isNamed
  }
}
