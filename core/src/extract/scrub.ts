import { FIRST_LPI, type GicRegisters, HEAD_MAGIC, ID_LIMIT, ITE, LPI_LIMIT, MAX_EVENTID_BITS } from '../abi/index.ts'
import { type Gpa, type GpaRange, type LoadableMemory, PAGE_BYTES, type ReadonlyMemory } from '../memory/index.ts'
import {
  dteRanges,
  lpiRanges,
  registerRanges,
  type SweepReader,
  sweepTables,
  type TableView,
  tableView,
  type WalkLimits,
} from '../tables/index.ts'

/**
 * Copies into `blank` what the ITS owns in the loaded pages of `memory`, and zeros for everything else that lies there: what
 * the guest keeps beside its ITTs, and in ITTs that it has freed.
 *
 * A word of an ITT that is no entry any guest can have written becomes one that KVM answers in the same way, so that the case
 * tells the same story. `blank` has the same regions as `memory`, with nothing loaded.
 *
 * @returns false when the tables hold more than `limits` allow to be looked at: entries are blanked then that the case needs.
 */
export function scrubInto(
  blank: LoadableMemory,
  memory: ReadonlyMemory,
  registers: GicRegisters,
  pages: readonly GpaRange[],
  limits?: WalkLimits,
): boolean {
  let isWhole = true
  for (const { base, bytes } of pages) {
    for (let at: number = base; at < base + bytes; at += PAGE_BYTES) blank.loadZeros(at as Gpa)
  }
  // Entries first: where an ITT lies in a table or in a queue, those are copied over it whole.
  for (const its of registers.itses.keys()) {
    const view = tableView(registers, its)
    if (sweepTables(memory, view, new EntryCopier(blank, memory, view), limits).cut !== undefined) isWhole = false
  }
  for (const its of registers.itses.keys()) {
    for (const range of registerRanges(registers, its)) copy(blank, memory, range)
    for (const range of dteRanges(memory, tableView(registers, its).deviceTable)) copy(blank, memory, range)
  }
  for (const range of lpiRanges(registers)) copy(blank, memory, range)
  return isWhole
}

/** Copies the bytes of a range that are loaded in both, and leaves the rest of their pages as it is. */
export function copy(blank: LoadableMemory, memory: ReadonlyMemory, { base, bytes }: GpaRange): void {
  for (let at = base - (base % PAGE_BYTES); at < base + bytes; at += PAGE_BYTES) {
    if (!isReadable(memory, at as Gpa) || !isReadable(blank, at as Gpa)) continue
    const from = Math.max(at, base) as Gpa
    blank.write(from, memory.read(from, Math.min(at + PAGE_BYTES, base + bytes) - from))
  }
}

function isReadable(memory: ReadonlyMemory, at: Gpa): boolean {
  return memory.contains(at) && memory.isLoaded(at)
}

/** What stands for an LPI that no guest has: as a rule the one has its bytes in RAM, and the other has not. */
const FAR_LPIS: readonly number[] = [LPI_LIMIT, 2 ** 32 - 1]

/** Copies the entries of ITTs, those that are rubbish as something that KVM answers alike. */
class EntryCopier implements SweepReader {
  readonly #blank: LoadableMemory
  readonly #memory: ReadonlyMemory
  readonly #view: TableView
  /** The collections that a restore knows, and the pending table that each leads to. */
  readonly #pending = new Map<number, number | undefined>()
  #events = 0

  constructor(blank: LoadableMemory, memory: ReadonlyMemory, view: TableView) {
    this.#blank = blank
    this.#memory = memory
    this.#view = view
  }

  collection(icid: number, rdBase: number, _at: Gpa, behind: boolean): void {
    const { vcpuIds, lpiTables } = this.#view
    if (!behind) this.#pending.set(icid, lpiTables?.pending[vcpuIds.indexOf(rdBase)])
  }

  device(_deviceId: number, ittAddr: Gpa, eventIdBits: number): void {
    this.#events = 2 ** Math.min(eventIdBits, MAX_EVENTID_BITS)
    if (!isReadable(this.#memory, ittAddr)) return
    const [lo, hi] = [this.#memory.u32(ittAddr), this.#memory.u32((ittAddr + 4) as Gpa)]
    if ((lo & 0xffff) === HEAD_MAGIC && ITE.fields.pintid.get(lo, hi) === 0) this.#blank.setWord(ittAddr, lo, hi)
  }

  event(_deviceId: number, eventId: number, pintid: number, icid: number, next: number, at: Gpa): void {
    const { lo, hi } = ITE.encode(this.#blunt(eventId, pintid, icid, next))
    this.#blank.setWord(at, lo, hi)
  }

  #blunt(eventId: number, pintid: number, icid: number, next: number) {
    if (pintid < FIRST_LPI) return { pintid: 1 }
    if (eventId + next >= this.#events) return { pintid: LPI_LIMIT - 1, next: ID_LIMIT - 1 }
    if (!this.#pending.has(icid)) return { pintid: LPI_LIMIT - 1, icid: this.#unknownIcid() }
    return { pintid: pintid < LPI_LIMIT ? pintid : this.#farLpi(pintid, icid), icid, next }
  }

  /** An LPI beyond all that the guest can have, whose bytes in the LPI tables are in RAM or not as those of `pintid` are. */
  #farLpi(pintid: number, icid: number): number {
    const reach = this.#reach(pintid, icid)
    return FAR_LPIS.find((lpi) => this.#reach(lpi, icid) === reach) ?? pintid
  }

  #reach(lpi: number, icid: number): number {
    const configuration = this.#view.lpiTables?.configuration ?? 0
    const pending = this.#pending.get(icid)
    const hasPending = pending === undefined || this.#memory.contains((pending + Math.floor(lpi / 8)) as Gpa)
    return Number(this.#memory.contains((configuration + lpi - FIRST_LPI) as Gpa)) * 2 + Number(hasPending)
  }

  #unknownIcid(): number {
    let icid = ID_LIMIT - 1
    while (this.#pending.has(icid)) icid--
    return icid
  }
}
