import { ENTRY_BYTES, type GicRegisters, ID_LIMIT, L2_BYTES, LPI_LIMIT } from '../abi/index.ts'
import type { Gpa, LoadableMemory, ReadonlyMemory } from '../memory/index.ts'
import { type SweepReader, sweepTables, type TableView, tableView, WALK_WORK } from '../tables/index.ts'
import { BehindTable } from './behind-table.ts'
import { type GuestNumbers, queueNumbers } from './guest-numbers.ts'
import { IttWords } from './itt-words.ts'
import { LpiKinds } from './lpi-kinds.ts'
import { StandIns } from './stand-ins.ts'

/** Writes into `blank` what stands for the ITTs of a VM. @returns false where not all could be looked at. */
export function scrubItts(
  blank: LoadableMemory,
  memory: ReadonlyMemory,
  registers: GicRegisters,
  mostWork = Number.POSITIVE_INFINITY,
): boolean {
  const itses = registers.itses.map((_, its) => new ItsWords(blank, memory, registers, its))
  const isWhole = itses.map((its) => its.look(mostWork)).every((whole) => whole)
  const named = new Set(itses.flatMap(({ numbers }) => [...numbers.lpis]))
  const kinds = new LpiKinds(memory, registers)
  const standIns = (candidates: Iterable<number>) =>
    new StandIns(
      candidates,
      (lpi) => kinds.of(lpi),
      (lpi) => named.has(lpi) || kinds.isInUse(lpi),
    )
  const [near, far] = [standIns(kinds.near()), standIns(kinds.far())]
  for (const its of itses) its.write((lpi) => (lpi < LPI_LIMIT ? near : far).of(lpi))
  return isWhole
}

/** The ITTs of one ITS, and what old kernels take for such. */
class ItsWords implements SweepReader {
  /** LPIs are the whole VM's; ICIDs are each ITS's own. */
  readonly numbers: GuestNumbers
  readonly #memory: ReadonlyMemory
  readonly #view: TableView
  readonly #itts: IttWords
  readonly #behind: BehindTable
  readonly #landings: Gpa[] = []
  /** Words that are no entries: as many as there may be entries. */
  #most = Number.POSITIVE_INFINITY

  constructor(blank: LoadableMemory, memory: ReadonlyMemory, registers: GicRegisters, its: number) {
    this.numbers = queueNumbers(memory, registers, its)
    this.#memory = memory
    this.#view = tableView(registers, its)
    this.#itts = new IttWords(blank, memory, this.numbers)
    this.#behind = new BehindTable(blank, memory, this.#itts)
  }

  look(mostWork: number): boolean {
    this.#most = mostWork / WALK_WORK.event
    const { cut } = sweepTables(this.#memory, this.#view, this, mostWork)
    for (const landing of this.#landings) this.#behind.follow(landing)
    return cut === undefined && this.#itts.foreign <= this.#most
  }

  write(standInOf: (lpi: number) => number): void {
    const known = this.numbers.icids
    const icids = new StandIns(
      lastToFirst(ID_LIMIT),
      () => '',
      (icid) => known.has(icid),
    )
    this.#itts.write({ lpiFor: standInOf, icidFor: (icid) => icids.of(icid) })
    this.#behind.write()
  }

  collection(icid: number): void {
    this.numbers.icids.add(icid)
  }

  device(_deviceId: number, ittAddr: Gpa, eventIdBits: number, next: number, at: Gpa): void {
    if (this.#itts.foreign > this.#most) return
    this.#itts.look(ittAddr, eventIdBits)
    const { indirect, base, bytes } = this.#view.deviceTable
    const end = indirect ? at - (at % L2_BYTES) + L2_BYTES : base + bytes
    const landing = at + next * ENTRY_BYTES
    if (landing > end) this.#landings.push(landing as Gpa)
  }

  event(): void {
    // Looked at with the ITT that it lies in, and with what is no event there.
  }
}

function* lastToFirst(count: number): Generator<number> {
  for (let number = count - 1; number >= 0; number--) yield number
}
