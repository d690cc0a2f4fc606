import {
  COMMAND_BYTES,
  CTE,
  decodeCommand,
  GICR_CTLR,
  GICR_PENDBASER,
  GICR_PROPBASER,
  GITS_CBASER,
  GITS_CTLR,
  GITS_IIDR,
  type GicRegisters,
  ID_LIMIT,
  queueShape,
  type RedistributorRegisters,
  type SavedIts,
  tableShape,
} from '../abi/index.ts'
import { Account, type Budget, defaultBudget } from '../budget/index.ts'
import type { Gpa } from '../memory/index.ts'
import type { NoKernelIts } from './guest-kernel.ts'
import { type FoundTables, tablesAround } from './its-node.ts'
import { type GuestRam, NotTheKernels, RamReader } from './ram-reader.ts'
import { type KernelRedistributors, RedistributorSearch } from './redistributors.ts'
import { scan } from './scan.ts'
import { ITS_BASER, ITS_NODE } from './structs.ts'

/** What Linux allocates for its commands. @source Linux drivers/irqchip/irq-gic-v3-its.c, ITS_CMD_QUEUE_SZ */
const QUEUE_BYTES = 0x1_0000
const BASERS = 8
/** KVM has an ITS and redistributors at multiples of this only. */
const FRAME_ALIGNMENT = 0x1_0000
/** As Linux asks for it and KVM grants it: read- and write-allocate, inner shareable. */
const CACHED = { innerCache: 7, shareability: 1 } as const
/** What KVM's GITS_IIDR says; the revision is the one there is. */
const IIDR = GITS_IIDR.encode({ productId: 0x4b, implementer: 0x43b, revision: 0 }).lo

export interface FindRegistersOptions {
  readonly budget?: Budget
  /** Search all of RAM, whatever the budget has for that. */
  readonly everywhere?: boolean
  /** How many vCPUs the machine has, if that is known: those that the kernel did not bring up have no LPIs. */
  readonly vcpus?: number | undefined
  /** Bytes of RAM searched so far, and all that will be. */
  readonly progress?: ((done: number, total: number) => void) | undefined
}

/** The registers, or why they are not known. */
export type RegistersOutcome = { readonly found: GicRegisters } | { readonly missing: NoKernelIts }

/**
 * Finds the registers that a restore of the LPI side needs in what a Linux guest keeps of them in its RAM, for a machine that was saved
 * without any. Of each ITS it has its address, what GITS_BASER<n> read as, the command queue and how far it was written; of the
 * redistributors the LPI tables. What it does not have is assumed: see `inferredRegisters`.
 */
export async function findRegisters(ram: GuestRam, options: FindRegistersOptions = {}): Promise<RegistersOutcome> {
  const { budget = defaultBudget, everywhere = false, vcpus, progress } = options
  const structures = new Account(budget, 'structures')
  const account = new Account(everywhere ? { ...budget, bytes: Number.POSITIVE_INFINITY } : budget, 'search')
  const reader = new RamReader(ram, structures)
  const redistributors = new RedistributorSearch(reader, { count: vcpus })
  const nodes = new Nodes(reader)
  for await (const { kind, at } of scan(ram, undefined, { account, redistributors: true, progress })) {
    if (kind === 'phys_base' || kind === 'prop_table_pa') await redistributors.wordAt(kind, at)
    else if (kind === 'device table register') await nodes.registerAt(at)
  }
  const limit = [account, structures].find(({ ranOut }) => ranOut)?.limit
  try {
    const itses = await nodes.itses()
    const answer = redistributors.answer(
      itses.map(({ tables }) => tables),
      limit,
    )
    if ('missing' in answer) return answer
    const { configuration } = answer.found
    // Those that were not found may be in the rest.
    if (limit !== undefined && answer.found.vcpus.length !== vcpus) throw new Unknown('not all of RAM was searched')
    if (configuration === undefined) throw new Unknown('where the configuration of LPIs is was not found')
    const saved = redistributorsOf(answer.found, configuration.table, vcpus)
    return { found: { itses: itses.map(({ its }) => its), redistributors: saved, inferredFrom: 'guest kernel' } }
  } catch (error) {
    if (!(error instanceof Unknown)) throw error
    return { missing: { reason: error.message, at: error.at, limit } }
  }
}

/** The registers cannot be told. */
class Unknown extends Error {
  readonly at: Gpa | undefined
  constructor(reason: string, at?: number) {
    super(reason)
    this.at = at as Gpa | undefined
  }
}

/** Collects what the driver keeps of ITSes, and makes out which of it is in use. */
class Nodes {
  readonly #reader: RamReader
  readonly #byBase = new Map<Gpa | undefined, FoundIts[]>()
  #nearest: NotTheKernels | undefined

  constructor(reader: RamReader) {
    this.#reader = reader
  }

  async registerAt(value: Gpa): Promise<void> {
    try {
      const found = await itsAround(this.#reader, value)
      this.#byBase.set(found.its.base, [...(this.#byBase.get(found.its.base) ?? []), found])
    } catch (error) {
      if (!(error instanceof NotTheKernels)) throw error
      this.#nearest = error
    }
  }

  /** In the order of their addresses. @throws Unknown */
  async itses(): Promise<FoundIts[]> {
    if (this.#byBase.size === 0) {
      if (this.#nearest !== undefined) throw new Unknown(this.#nearest.message, this.#nearest.at)
      throw new Unknown('no ITS of a Linux guest is in the RAM that was searched')
    }
    const itses = await Promise.all([...this.#byBase.values()].map((same) => this.#inUse(same)))
    return itses.sort((a, b) => (a.its.base ?? 0) - (b.its.base ?? 0))
  }

  /** The one that is in use of those that kernels left of one ITS: a guest that was rebooted may have what was before in its RAM. */
  async #inUse(same: readonly FoundIts[]): Promise<FoundIts> {
    const different = same.filter(({ its }, n) => same.findIndex((other) => isSame(its, other.its)) === n)
    if (different.length === 1) return different[0]!
    const told = await Promise.all(different.map((one) => this.#traces(one)))
    const most = Math.max(...told)
    const [first, second] = different.filter((_, n) => told[n] === most)
    if (second !== undefined) throw new Unknown('two kernels have structures of one ITS, which differ', second.tables.at)
    return first!
  }

  /**
   * What tells that an ITS was saved as this, the stronger the higher: KVM saved its collections, the first of which is there then, and
   * commands were written up to where the driver says that they were.
   */
  async #traces({ its, tables }: FoundIts): Promise<number> {
    const reader = this.#reader
    const queue = queueShape(its.cbaser)
    const written = Number(its.cwriter)
    const last = queue.base + ((written + queue.bytes - COMMAND_BYTES) % queue.bytes)
    const collections = tableShape(its.baser[1] ?? 0n).base
    try {
      await reader.need(queue.base, queue.bytes)
      await reader.need(collections, 8)
    } catch (error) {
      if (!(error instanceof NotTheKernels)) throw error
      throw new Unknown(error.message, tables.at)
    }
    const command = (at: number) => Int32Array.from({ length: COMMAND_BYTES / 4 }, (_, n) => reader.u32(at + n * 4))
    const isBlank = command(queue.base + written).every((word) => word === 0)
    const isSaved = CTE.decode(reader.u32(collections), reader.u32(collections + 4)).valid
    return (isSaved ? 4 : 0) + (decodeCommand(command(last)) === undefined ? 0 : 2) + (isBlank ? 1 : 0)
  }
}

interface FoundIts {
  readonly its: SavedIts
  readonly tables: FoundTables
}

/** @throws NotTheKernels when the word at `value` is not the GITS_BASER0 of an ITS as its driver keeps it. */
async function itsAround(reader: RamReader, value: Gpa): Promise<FoundIts> {
  const at = value - ITS_BASER.val
  const { phys_base, cmd_base, cmd_write } = ITS_NODE
  await reader.need(at + phys_base, BASERS * ITS_BASER.bytes - phys_base)
  const baser = Array.from({ length: BASERS }, (_, n) => reader.u64(value + n * ITS_BASER.bytes))
  const base = Number(reader.u64(at + phys_base))
  if (base === 0 || base % FRAME_ALIGNMENT !== 0 || base >= 2 ** 52 || reader.isRam(base, 1))
    throw new NotTheKernels(at + phys_base, 'no address of an ITS before the copies of its registers')
  const its = { base: base as Gpa, ctlr: ENABLED, iidr: IIDR, cbaser: 0n, cwriter: 0n, creadr: 0n, baser }
  const tables = await tablesAround(reader, its, value)
  for (const word of baser) {
    const { valid, base: table, bytes } = tableShape(word)
    if (valid && !reader.isRam(table, bytes)) throw new NotTheKernels(value, 'a table that is not in RAM')
  }
  const queue = reader.follow(tables.map, at + cmd_base)
  const write = reader.follow(tables.map, at + cmd_write)
  if (queue === undefined || queue % QUEUE_BYTES !== 0 || !reader.isRam(queue, QUEUE_BYTES))
    throw new NotTheKernels(at + cmd_base, 'no command queue')
  const written = (write ?? -1) - queue
  if (written < 0 || written >= QUEUE_BYTES || written % COMMAND_BYTES !== 0)
    throw new NotTheKernels(at + cmd_write, 'a command that is not in the queue')
  const cbaser = GITS_CBASER.pack({ valid: true, address: queue, pages: QUEUE_BYTES / 0x1000 - 1, ...CACHED })
  return { its: { ...its, cbaser, cwriter: BigInt(written), creadr: BigInt(written) }, tables }
}

const ENABLED = GITS_CTLR.encode({ enabled: true, quiescent: true }).lo >>> 0

function isSame(one: SavedIts, other: SavedIts): boolean {
  return (
    one.base === other.base &&
    one.cbaser === other.cbaser &&
    one.cwriter === other.cwriter &&
    one.baser.every((word, n) => word === other.baser[n])
  )
}

/** Those that the kernel has, and the vCPUs that it has not: no LPI goes there. */
function redistributorsOf(
  { vcpus }: KernelRedistributors,
  configuration: Gpa,
  count = Math.max(...vcpus.map(({ vcpuId }) => vcpuId)) + 1,
): RedistributorRegisters[] {
  const tables = new Map(vcpus.map(({ vcpuId, pendingTable }) => [vcpuId, pendingTable]))
  const propbaser = GICR_PROPBASER.pack({ idBits: Math.log2(ID_LIMIT) - 1, address: configuration, ...CACHED })
  return Array.from({ length: count }, (_, vcpuId) => {
    const table = tables.get(vcpuId)
    const enableLpis = table !== undefined
    return {
      vcpuId,
      ctlr: GICR_CTLR.encode({ enableLpis, ces: true, ir: true }).lo,
      propbaser: enableLpis ? propbaser : 0n,
      pendbaser: enableLpis ? GICR_PENDBASER.pack({ address: table, ...CACHED }) : 0n,
    }
  })
}
