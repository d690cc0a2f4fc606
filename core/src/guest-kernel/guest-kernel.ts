import type { RedistributorRegisters, SavedIts } from '../abi/index.ts'
import { Account, type Budget, defaultBudget, type Limit } from '../budget/index.ts'
import type { Gpa, GpaRange } from '../memory/index.ts'
import { BTF_HEADER_BYTES, btfHeader, structsOfBtf } from './btf.ts'
import { devicesOn, type KernelDevice } from './device-list.ts'
import { type FoundTables, itsNodeAt, tablesAround } from './its-node.ts'
import { type DevicesOfItt, probe } from './probe.ts'
import { type GuestRam, NotTheKernels, RamReader } from './ram-reader.ts'
import { type RedistributorOutcome, RedistributorSearch } from './redistributors.ts'
import { scan } from './scan.ts'
import type { Structs } from './structs.ts'

/** What the guest's kernel knows of one ITS. */
export interface KernelIts {
  /** its_device_list, in its_node. */
  readonly list: Gpa
  /** By what the structures were read: the kernel's own BTF, or what they point to. */
  readonly by: 'BTF' | 'probing'
  /** What the list has, by DeviceID. A device is on it from before its MAPD with V=1 to after the one with V=0. */
  readonly devices: ReadonlyMap<number, KernelDevice>
  /** Bytes of commands that the ITS was not told of yet. */
  readonly unsent: number
}

/** Events that are allocated of all devices: those that are mapped are among them. */
export const allocatedEvents = ({ devices }: KernelIts): number =>
  [...devices.values()].reduce((sum, device) => sum + device.eventIds().length, 0)

/** Why there is nothing to read, and where. */
export interface NoKernelIts {
  readonly reason: string
  /** The limit of the budget that ended the search; undefined where all was searched. */
  readonly limit?: Limit | undefined
  /** The nearest that came to it, if anything did. */
  readonly at: Gpa | undefined
}

/** What became of the search for one ITS. */
export type KernelOutcome = { readonly found: KernelIts } | { readonly missing: NoKernelIts }

/** What the search of a VM's RAM came to. */
export interface GuestKernel {
  /** Of each ITS, in the order of the registers. */
  readonly itses: readonly KernelOutcome[]
  /** Of the redistributors; undefined where they were not looked for. */
  readonly redistributors: RedistributorOutcome | undefined
  /** The bytes that the answers were read from. */
  readonly read: readonly GpaRange[]
}

export interface ReadKernelOptions {
  readonly budget?: Budget
  /** Search all of RAM, whatever the budget has for that. */
  readonly everywhere?: boolean
  /** What each ITS's device table says, for kernels without BTF. */
  readonly itts: readonly DevicesOfItt[]
  /** The redistributors, to look for what the kernel knows of them as well: all of RAM is searched then. */
  readonly redistributors?: readonly RedistributorRegisters[]
  /** Bytes of RAM searched so far, and all there are. */
  readonly progress?: (done: number, total: number) => void
}

/**
 * Finds in guest RAM what a Linux guest knows itself of its devices and events, for each ITS of a VM. Nothing of it ages, whatever
 * became of the command queue.
 *
 * RAM is searched for the copies of GITS_BASER0 and GITS_BASER1 in its_node; BTF, which is in RAM too, tells where the other members
 * lie. What does not agree with the saved registers, or is no list, is not believed.
 */
export async function readGuestKernel(
  ram: GuestRam,
  itses: readonly SavedIts[],
  options: ReadKernelOptions,
): Promise<GuestKernel> {
  const { budget = defaultBudget, everywhere = false, itts, redistributors, progress } = options
  const structures = new Account(budget, 'structures')
  const searched = new Account(everywhere ? { ...budget, bytes: Number.POSITIVE_INFINITY } : budget, 'search')
  const reader = new RamReader(ram, structures)
  const search = new Search(reader, itses, itts)
  const others = redistributors && new RedistributorSearch(reader, { registers: redistributors })
  const scanned = scan(ram, itses, { account: searched, redistributors: others !== undefined, progress })
  for await (const { kind, at } of scanned) {
    if (kind === 'phys_base' || kind === 'prop_table_pa') await others?.wordAt(kind, at)
    else if (!search.isDone) await (kind === 'BTF' ? search.btfAt(at) : search.tablesAt(at))
    if (search.isDone && others === undefined) break
  }
  await search.withoutBtf()
  const limit = [searched, structures].find(({ ranOut }) => ranOut)?.limit
  return { itses: search.answers(limit), redistributors: others?.answer(search.tables, limit), read: reader.read }
}

/** What was found so far. */
class Search {
  readonly #reader: RamReader
  readonly #itses: readonly SavedIts[]
  readonly #itts: readonly DevicesOfItt[]
  readonly #tables: FoundTables[][]
  readonly #found: (KernelIts | undefined)[]
  /** What no device of the device table confirms: believed when nothing better is found. */
  readonly #unconfirmed: (KernelIts | undefined)[]
  readonly #nearest: (NoKernelIts | undefined)[]
  /** By each BTF that was found: after a kexec the earlier kernel's may still be there. */
  readonly #structs: Structs[] = []

  constructor(reader: RamReader, itses: readonly SavedIts[], itts: readonly DevicesOfItt[]) {
    this.#reader = reader
    this.#itses = itses
    this.#itts = itts
    this.#tables = itses.map(() => [])
    this.#found = itses.map(() => undefined)
    this.#unconfirmed = itses.map(() => undefined)
    this.#nearest = itses.map(() => undefined)
  }

  /** The tables of the ITSes whose devices were found. */
  get tables(): readonly FoundTables[] {
    return this.#tables.flat()
  }

  get isDone(): boolean {
    return this.#found.every((its) => its !== undefined)
  }

  async tablesAt(value: Gpa): Promise<void> {
    for (const [index, its] of this.#itses.entries()) {
      await this.#attempt(index, async () => {
        const tables = await tablesAround(this.#reader, its, value)
        this.#tables[index]!.push(tables)
        for (const structs of this.#structs) await this.#attempt(index, () => this.#read(index, tables, structs, 'BTF'))
      })
    }
  }

  /** Reads BTF, if that is what begins there, and with it what was found before. */
  async btfAt(at: Gpa): Promise<void> {
    const structs = await this.#structsAt(at)
    if (structs === undefined) return
    this.#structs.push(structs)
    for (const [index, found] of this.#tables.entries()) {
      for (const tables of found) await this.#attempt(index, () => this.#read(index, tables, structs, 'BTF'))
    }
  }

  async withoutBtf(): Promise<void> {
    if (this.#structs.length > 0) return
    for (const [index, found] of this.#tables.entries()) {
      for (const tables of found) {
        await this.#attempt(index, async () => {
          const structs = await probe(this.#reader, tables, this.#itts[index] ?? new Map())
          if (structs === undefined) throw new NotTheKernels(tables.at, 'no BTF, and no device of the list that the tables have')
          await this.#read(index, tables, structs, 'probing')
        })
      }
    }
  }

  /** `limit`: what ended the search. */
  answers(limit: Limit | undefined): readonly KernelOutcome[] {
    return this.#itses.map((_, index) => {
      const found = this.#found[index] ?? this.#unconfirmed[index]
      if (found !== undefined) return { found }
      const nothing = { reason: 'no copy of the registers of the ITS is in the RAM that was searched', at: undefined }
      return { missing: { ...(this.#nearest[index] ?? nothing), limit } }
    })
  }

  async #read(index: number, tables: FoundTables, structs: Structs, by: KernelIts['by']): Promise<void> {
    const { list, unsent } = await itsNodeAt(this.#reader, tables, this.#itses[index]!, structs)
    const devices = await devicesOn(this.#reader, tables.map, list, structs)
    const its = { list, by, devices, unsent }
    const itts = this.#itts[index]
    const confirmed = [...devices.values()].some(({ deviceId, itt }) => itts?.get(itt ?? -1)?.includes(deviceId))
    if (confirmed || devices.size === 0) this.#found[index] = its
    else this.#unconfirmed[index] ??= its
  }

  async #structsAt(at: Gpa): Promise<Structs | undefined> {
    try {
      await this.#reader.need(at, BTF_HEADER_BYTES)
      const header = btfHeader((n) => this.#reader.u32(at + n * 4))
      if (header === undefined) return undefined
      await this.#reader.need(at, header.bytes)
      return structsOfBtf(this.#reader.bytes(at, header.bytes), header)
    } catch (error) {
      if (!(error instanceof NotTheKernels)) throw error
      return undefined
    }
  }

  /** What is not the kernel's is kept as the nearest that came to it. */
  async #attempt(index: number, look: () => Promise<void>): Promise<void> {
    if (this.#found[index] !== undefined) return
    try {
      await look()
    } catch (error) {
      if (!(error instanceof NotTheKernels)) throw error
      this.#nearest[index] = { reason: error.message, at: error.at as Gpa }
    }
  }
}
