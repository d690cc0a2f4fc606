import { GICR_CTLR, GICR_PENDBASER, type RedistributorRegisters, VGIC_V3_MAX_CPUS } from '../abi/index.ts'
import type { Limit } from '../budget/index.ts'
import type { Gpa, LoadableMemory } from '../memory/index.ts'
import type { FoundTables } from './its-node.ts'
import { kernelPointer, type LinearMap } from './linear-map.ts'
import { NotTheKernels, type RamReader } from './ram-reader.ts'
import { linearAddresses, PAGE_STRUCT_BYTES, VMEMMAP_ALIGNMENT } from './vmemmap.ts'

/** What the guest's kernel knows of the redistributor of one vCPU. */
export interface KernelRedistributor {
  /** GICR_TYPER's processor number. */
  readonly vcpuId: number
  /** The member `pend_page` that names its pending table. */
  readonly at: Gpa
  /** Where the frames of the redistributor are. */
  readonly frame: Gpa
  readonly pendingTable: Gpa
}

/** What the guest's kernel knows of all of them. */
export interface KernelRedistributors {
  /** Those that it has brought up, in the order of the vCPUs. */
  readonly vcpus: readonly KernelRedistributor[]
  /** The LPI configuration table, and the member `prop_table_pa` that names it; undefined where that was not found. */
  readonly configuration: { readonly at: Gpa; readonly table: Gpa } | undefined
}

/** What became of the search for them. */
export type RedistributorOutcome =
  | { readonly found: KernelRedistributors }
  | { readonly missing: { readonly reason: string; readonly at: Gpa | undefined; readonly limit?: Limit | undefined } }

/** A word of RAM that may be a member of the driver's structures. */
export type RedistributorWord = 'phys_base' | 'prop_table_pa'

/**
 * Members beside `phys_base` of the per-CPU structure and beside `prop_table_pa` of `rdists`. No kernel that was read, from 5.10 to 7.3, has
 * them elsewhere.
 *
 * @source Linux include/linux/irqchip/arm-gic-v3.h, struct rdists
 */
export const BESIDE = {
  phys_base: { rd_base: -16, pend_page: -8 },
  prop_table_pa: { rdist: -8, prop_table_va: 8 },
} as const

/** RD_base and SGI_base: KVM gives no guest vLPIs. */
const FRAMES_BYTES = 0x2_0000
/** Frames, and the tables of LPIs. */
const ALIGNMENT = 0x1_0000
/** Words that are looked at: a sane guest has as many as vCPUs, for each kernel that it ran. */
const MOST_WORDS = 4096

/** Tells whether the word at `at`, 64 KiB-aligned and not 0, may be one of the two by what lies beside it. */
export function redistributorWord(memory: LoadableMemory, at: Gpa): RedistributorWord | undefined {
  const pointer = (offset: number, alignment = 1): boolean => {
    const place = (at + offset) as Gpa
    if (!memory.contains(place, 8)) return false
    const to = kernelPointer(memory.u32(place), memory.u32((place + 4) as Gpa))
    return to !== undefined && to % alignment === 0
  }
  const { phys_base, prop_table_pa } = BESIDE
  if (pointer(phys_base.rd_base, ALIGNMENT) && pointer(phys_base.pend_page, PAGE_STRUCT_BYTES)) return 'phys_base'
  return pointer(prop_table_pa.prop_table_va, ALIGNMENT) && pointer(prop_table_pa.rdist) ? 'prop_table_pa' : undefined
}

/** What is known of the vCPUs without asking the kernel. */
export interface KnownVcpus {
  /** In the order of their redistributors; none when the file does not have them. */
  readonly registers?: readonly RedistributorRegisters[] | undefined
  /** How many there are, if that is known. */
  readonly count?: number | undefined
}

/** A redistributor as the per-CPU structure at hand has it. */
interface Candidate {
  readonly at: Gpa
  readonly frame: number
  /** Where its frames are mapped less where they are: the same for all, since all are mapped together. */
  readonly distance: number
  /** The pointer to the struct page of its pending table. */
  readonly page: number
}

type Numbered = Candidate & { readonly vcpuId: number; readonly registers: RedistributorRegisters | undefined }

/** Collects words that may be the driver's, and makes out what they come to. */
export class RedistributorSearch {
  readonly #reader: RamReader
  readonly #registers: readonly RedistributorRegisters[] | undefined
  readonly #count: number | undefined
  readonly #candidates: Candidate[] = []
  readonly #configurations: { readonly at: Gpa; readonly table: Gpa; readonly pointer: number }[] = []
  #words = 0

  constructor(reader: RamReader, { registers, count }: KnownVcpus) {
    this.#reader = reader
    this.#registers = registers
    this.#count = registers?.length ?? count
  }

  async wordAt(kind: RedistributorWord, at: Gpa): Promise<void> {
    if (this.#words++ >= MOST_WORDS) return
    const reader = this.#reader
    try {
      await reader.need(at - 16, 32)
    } catch (error) {
      if (error instanceof NotTheKernels) return
      throw error
    }
    const value = Number(reader.u64(at))
    const isRam = reader.isRam(value, 1)
    if (kind === 'prop_table_pa' && isRam) {
      this.#configurations.push({ at, table: value as Gpa, pointer: reader.pointer(at + BESIDE.prop_table_pa.prop_table_va)! })
    } else if (kind === 'phys_base' && !isRam) {
      const page = reader.pointer(at + BESIDE.phys_base.pend_page)!
      this.#candidates.push({ at, frame: value, distance: reader.pointer(at + BESIDE.phys_base.rd_base)! - value, page })
    }
  }

  /** @param tables what was found of the ITSes: how RAM is mapped, and how large pages are; `limit`: what ended the search */
  answer(tables: readonly FoundTables[], limit?: Limit): RedistributorOutcome {
    let nearest: NotTheKernels | undefined
    for (const one of tables) {
      try {
        const vcpus = this.#vcpus(one)
        const configuration = this.#configurations.find(({ table, pointer }) => one.map.agrees(pointer, table))
        return { found: { vcpus, configuration: configuration && { at: configuration.at, table: configuration.table } } }
      } catch (error) {
        if (!(error instanceof NotTheKernels)) throw error
        nearest = error
      }
    }
    if (nearest !== undefined) return { missing: { reason: nearest.message, at: nearest.at as Gpa, limit } }
    return { missing: { reason: 'nothing of an ITS was found, which would tell how the kernel maps RAM', at: undefined, limit } }
  }

  /** Of each kernel that left its structures those that can be told, and that the registers confirm if there are any. */
  #vcpus(tables: FoundTables): readonly KernelRedistributor[] {
    const byDistance = new Map<number, Candidate[]>()
    for (const one of this.#candidates) byDistance.set(one.distance, [...(byDistance.get(one.distance) ?? []), one])
    let nearest = new NotTheKernels(tables.at, 'nothing of a redistributor is in the RAM that was searched')
    const told: (readonly KernelRedistributor[])[] = []
    for (const group of byDistance.values()) {
      try {
        told.push(this.#pendingTables(this.#numbered(group), tables))
      } catch (error) {
        if (!(error instanceof NotTheKernels)) throw error
        nearest = error
      }
    }
    const [first, ...others] = told
    if (first === undefined) throw nearest
    // A kernel that was started by another may have taken its tables over.
    const other = others.find((vcpus) => !haveSameTables(first, vcpus))
    if (other !== undefined)
      throw new NotTheKernels(other[0]!.at, 'two kernels have redistributors that agree with the registers')
    return first
  }

  /** The vCPU of each: KVM has their frames in the order of the vCPUs, and the first is always up. */
  #numbered(group: readonly Candidate[]): readonly Numbered[] {
    const inOrder = [...group].sort((a, b) => a.frame - b.frame)
    const [first] = inOrder
    const isAll = inOrder.length === this.#count
    const numbered = inOrder.map((one, rank) => {
      const index = isAll ? rank : (one.frame - first!.frame) / FRAMES_BYTES
      const registers = this.#registers?.[index]
      const isVcpu = this.#registers === undefined ? index < (this.#count ?? VGIC_V3_MAX_CPUS) : registers !== undefined
      if (!Number.isInteger(index) || !isVcpu) throw new NotTheKernels(one.at, 'a redistributor of no vCPU')
      return { ...one, registers, vcpuId: registers?.vcpuId ?? index }
    })
    if (new Set(numbered.map(({ frame }) => frame)).size < numbered.length) {
      throw new NotTheKernels(first!.at, 'two structures have one redistributor')
    }
    return numbered
  }

  #pendingTables(group: readonly Numbered[], tables: FoundTables): readonly KernelRedistributor[] {
    const { at, map, pageBytes } = tables
    if (pageBytes === undefined) throw new NotTheKernels(at, 'the size of the pages is not known')
    const perByte = PAGE_STRUCT_BYTES / pageBytes
    const begin =
      this.#registers === undefined ? this.#beginByKernel(group, tables, pageBytes) : this.#beginByRegisters(group, map, perByte)
    const vcpus = group.map(({ at: place, frame, page, vcpuId }) => ({
      vcpuId,
      at: (place + BESIDE.phys_base.pend_page) as Gpa,
      frame: frame as Gpa,
      pendingTable: ((page - begin) / perByte) as Gpa,
    }))
    const wrong = vcpus.find(({ pendingTable: table }) => !this.#isTable(table))
    if (wrong !== undefined) throw new NotTheKernels(wrong.at, 'a pending table that is none')
    if (new Set(vcpus.map(({ pendingTable }) => pendingTable)).size < vcpus.length) {
      throw new NotTheKernels(vcpus[0]!.at, 'two vCPUs with one pending table')
    }
    return vcpus
  }

  /**
   * What the array of struct page would begin with if RAM began at address 0. Both the linear map and the array begin with the same page of
   * RAM, and the array begins at a round address: with the one register that is right, all pointers into it can be told.
   */
  #beginByRegisters(group: readonly Numbered[], map: LinearMap, perByte: number): number {
    const begins = new Set<number>()
    for (const { page, registers } of group) {
      if (registers === undefined || !GICR_CTLR.decode(registers.ctlr, 0).enableLpis) continue
      const table = GICR_PENDBASER.unpack(registers.pendbaser).address
      const isUsed = this.#isTable(table)
      if (isUsed && modulo(page - map.pointer(table) * perByte, VMEMMAP_ALIGNMENT) === 0) begins.add(page - table * perByte)
    }
    const [begin] = begins
    if (begin === undefined) throw new NotTheKernels(group[0]!.at, 'no GICR_PENDBASER of the file agrees with it')
    if (begins.size > 1)
      throw new NotTheKernels(group[0]!.at, 'several values of GICR_PENDBASER agree with it, and not with each other')
    return begin
  }

  /** The same by where kernels have the array: of those places one is left at which all of the tables are. */
  #beginByKernel(group: readonly Numbered[], { at, map }: FoundTables, pageBytes: number): number {
    const [first] = group
    const linear = map.pointer(at)
    const perByte = PAGE_STRUCT_BYTES / pageBytes
    const begins = linearAddresses(first!.page, linear, pageBytes).flatMap((address) => {
      const table = map.gpa(address)
      const begin = table === undefined ? Number.NaN : first!.page - table * perByte
      return group.every(({ page }) => this.#isTable((page - begin) / perByte)) ? [begin] : []
    })
    const [begin, other] = begins
    if (begin === undefined) throw new NotTheKernels(first!.at, 'where the kernel has its struct page is not known')
    if (other !== undefined) throw new NotTheKernels(first!.at, 'the pending tables may be at two places')
    return begin
  }

  #isTable(at: number): boolean {
    return at % ALIGNMENT === 0 && this.#reader.isRam(at, ALIGNMENT / 8)
  }
}

const haveSameTables = (one: readonly KernelRedistributor[], other: readonly KernelRedistributor[]): boolean =>
  one.length === other.length &&
  one.every(({ vcpuId, pendingTable }, i) => other[i]!.vcpuId === vcpuId && other[i]!.pendingTable === pendingTable)

const modulo = (n: number, by: number): number => ((n % by) + by) % by
