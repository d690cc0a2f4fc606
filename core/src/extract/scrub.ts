import { FIRST_LPI, type GicRegisters, HEAD_MAGIC, ID_LIMIT, ITE, LPI_LIMIT, MAX_EVENTID_BITS } from '../abi/index.ts'
import { type Gpa, type GpaRange, type LoadableMemory, PAGE_BYTES, type ReadonlyMemory } from '../memory/index.ts'
import { dteRanges, lpiRanges, registerRanges, type SweepReader, sweepTables, tableView } from '../tables/index.ts'

/**
 * Copies into `blank` what the ITS owns in the loaded pages of `memory`, and zeros for everything else that lies there: what
 * the guest keeps beside its ITTs, and in ITTs that it has freed.
 *
 * A word of an ITT that is no entry any guest can have written becomes one that KVM answers in the same way, so that the case
 * tells the same story. `blank` has the same regions as `memory`, with nothing loaded.
 */
export function scrubInto(
  blank: LoadableMemory,
  memory: ReadonlyMemory,
  registers: GicRegisters,
  pages: readonly GpaRange[],
): void {
  for (const { base, bytes } of pages) {
    for (let at: number = base; at < base + bytes; at += PAGE_BYTES) blank.loadZeros(at as Gpa)
  }
  // Entries first: where an ITT lies in a table or in a queue, those are copied over it whole.
  for (const its of registers.itses.keys()) sweepTables(memory, tableView(registers, its), new EntryCopier(blank, memory))
  for (const its of registers.itses.keys()) {
    for (const range of registerRanges(registers, its)) copy(blank, memory, range)
    for (const range of dteRanges(memory, tableView(registers, its).deviceTable)) copy(blank, memory, range)
  }
  for (const range of lpiRanges(registers)) copy(blank, memory, range)
}

function copy(blank: LoadableMemory, memory: ReadonlyMemory, { base, bytes }: GpaRange): void {
  for (let at = base - (base % PAGE_BYTES); at < base + bytes; at += PAGE_BYTES) {
    if (!isReadable(memory, at as Gpa) || !isReadable(blank, at as Gpa)) continue
    const from = Math.max(at, base) as Gpa
    blank.write(from, memory.read(from, Math.min(at + PAGE_BYTES, base + bytes) - from))
  }
}

function isReadable(memory: ReadonlyMemory, at: Gpa): boolean {
  return memory.contains(at) && memory.isLoaded(at)
}

/** Copies the entries of ITTs, those that are rubbish as something that KVM answers alike. */
class EntryCopier implements SweepReader {
  readonly #blank: LoadableMemory
  readonly #memory: ReadonlyMemory
  readonly #icids = new Set<number>()
  #events = 0

  constructor(blank: LoadableMemory, memory: ReadonlyMemory) {
    this.#blank = blank
    this.#memory = memory
  }

  collection(icid: number, _rdBase: number, _at: Gpa, behind: boolean): void {
    if (!behind) this.#icids.add(icid)
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
    const isKnown = this.#icids.has(icid)
    if (pintid < FIRST_LPI) return { pintid: 1 }
    if (eventId + next >= this.#events) return { pintid: LPI_LIMIT - 1, next: ID_LIMIT - 1 }
    if (!isKnown) return { pintid: LPI_LIMIT - 1, icid: this.#unknownIcid() }
    return { pintid: Math.min(pintid, LPI_LIMIT), icid, next }
  }

  #unknownIcid(): number {
    let icid = ID_LIMIT - 1
    while (this.#icids.has(icid)) icid--
    return icid
  }
}
