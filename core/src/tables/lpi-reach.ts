import { FIRST_LPI, ID_LIMIT, type Quirks, UNMAPPED_TARGET } from '../abi/index.ts'
import type { Gpa, ReadonlyMemory } from '../memory/index.ts'
import type { ObjectionName } from './objections.ts'
import type { LpiTables, TableView } from './table-view.ts'

/**
 * Tells whether KVM can map an LPI: the first event that names one makes it read the LPI's configuration byte and, when its
 * collection has a target, its pending bit there. A later event that names the same LPI reads nothing.
 */
export class LpiReach {
  readonly #memory: ReadonlyMemory
  readonly #view: TableView
  readonly #tables: LpiTables
  readonly #quirks: Quirks
  /** The configuration and pending bytes of every 16-bit LPI are in RAM: nothing can fail and nothing is kept. */
  readonly #allThere: boolean
  readonly #pendingOf = new Map<number, number>()
  readonly #mapped = new Set<number>()

  constructor(memory: ReadonlyMemory, view: TableView, tables: LpiTables, quirks: Quirks) {
    this.#memory = memory
    this.#view = view
    this.#tables = tables
    this.#quirks = quirks
    const pendingThere = (base: number): boolean => memory.contains((base + FIRST_LPI / 8) as Gpa, (ID_LIMIT - FIRST_LPI) / 8)
    this.#allThere = memory.contains(tables.configuration as Gpa, ID_LIMIT - FIRST_LPI) && tables.pending.every(pendingThere)
  }

  collection(icid: number, rdBase: number): void {
    if (rdBase === UNMAPPED_TARGET) return
    const named = this.#view.vcpuIds.indexOf(rdBase)
    const vcpu = named !== rdBase && this.#quirks['target-is-index'] ? rdBase : named
    this.#pendingOf.set(icid, this.#tables.pending[vcpu]!)
  }

  /** What KVM objects to when an event maps `pintid` through `icid`. */
  objection(pintid: number, icid: number): ObjectionName | undefined {
    if (this.#allThere && pintid < ID_LIMIT) return undefined
    if (this.#mapped.has(pintid)) return undefined
    const memory = this.#memory
    if (!memory.contains((this.#tables.configuration + pintid - FIRST_LPI) as Gpa)) return 'lpi-configuration'
    const pending = this.#pendingOf.get(icid)
    if (pending !== undefined && !memory.contains((pending + Math.floor(pintid / 8)) as Gpa)) return 'lpi-pending'
    this.#mapped.add(pintid)
    return undefined
  }
}
