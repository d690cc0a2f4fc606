import { FIRST_LPI, type GicRegisters, ID_LIMIT, LPI_CONFIG } from '../abi/index.ts'
import type { Gpa, ReadonlyMemory } from '../memory/index.ts'
import { tableView } from '../tables/index.ts'

/** pINTIDs have 32 bits. */
const PINTID_LIMIT = 2 ** 32
/** Numbers beyond the LPIs that are looked at for one of a kind. */
const MOST_FAR = 2 ** 20

/** What a restore and an audit can tell two LPIs apart by, other than by who else has them. */
export class LpiKinds {
  readonly #memory: ReadonlyMemory
  readonly #configuration: number
  readonly #pending: readonly number[]

  constructor(memory: ReadonlyMemory, registers: GicRegisters) {
    const { configuration, pending } = tableView(registers).lpiTables!
    this.#memory = memory
    this.#configuration = configuration - FIRST_LPI
    this.#pending = [...new Set(pending)]
  }

  /** True for an LPI that is enabled, or pending on some vCPU: which it is shows in the LPI tables. */
  isInUse(lpi: number): boolean {
    if (lpi >= ID_LIMIT) return false
    const configuration = this.#byte(this.#configuration + lpi)
    return (
      (configuration >= 0 && LPI_CONFIG.decode(configuration, 0).enable) ||
      this.#pending.some((table) => ((Math.max(0, this.#byte(table + Math.floor(lpi / 8))) >> (lpi % 8)) & 1) === 1)
    )
  }

  /** The kind of an LPI that is not in use: its configuration. Of a number beyond the LPIs: which of its bytes would be in RAM. */
  of(lpi: number): string {
    const isThere = (at: number): number => Number(this.#memory.contains(at as Gpa))
    const configuration = this.#configuration + lpi
    const pending = this.#pending.map((table) => isThere(table + Math.floor(lpi / 8)))
    return `${lpi < ID_LIMIT ? this.#byte(configuration) : isThere(configuration)} ${pending.join('')}`
  }

  /** The LPIs, from the last one on: guests begin with the first. */
  *near(): Generator<number> {
    for (let lpi = ID_LIMIT - 1; lpi >= FIRST_LPI; lpi--) yield lpi
  }

  /** Numbers beyond them, near the ends of all that there are and where RAM begins and ends. */
  *far(): Generator<number> {
    const ends = this.#memory.ranges.flatMap(({ base, bytes }) => [base, base + bytes])
    const places = [this.#configuration, ...this.#pending].flatMap((table, i) =>
      ends.map((end) => (end - table) * (i === 0 ? 1 : 8)),
    )
    const isFar = (lpi: number): boolean => lpi >= ID_LIMIT && lpi < PINTID_LIMIT
    const anchors = [ID_LIMIT, PINTID_LIMIT - 1, ...places.slice(0, MOST_FAR)]
    const given = new Set<number>()
    for (let i = 0; i * anchors.length < MOST_FAR; i++) {
      for (const anchor of anchors) {
        for (const lpi of [anchor + i, anchor - i]) {
          if (!isFar(lpi) || given.has(lpi)) continue
          given.add(lpi)
          yield lpi
        }
      }
    }
  }

  /** -1: not in RAM; -2: not loaded. */
  #byte(at: number): number {
    if (!this.#memory.contains(at as Gpa)) return -1
    return this.#memory.isLoaded(at as Gpa) ? this.#memory.u8(at as Gpa) : -2
  }
}
