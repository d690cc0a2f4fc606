import {
  CD,
  CD_1,
  type Decoded,
  type Fields,
  L1CD,
  L1STD,
  type Layout,
  SMMU_STRTAB_BASE,
  SMMU_STRTAB_BASE_CFG,
  STE,
  STE_1,
  STE_BYTES,
  STE_CONFIG_S1,
  STE_S1DSS_FIRST,
  TTD,
} from '../../abi/index.ts'
import type { Gpa, LoadableMemory } from '../../memory/index.ts'

/** The registers of an SMMUv3 that say where its tables are. */
export interface SmmuTables {
  readonly strtabBase: bigint
  readonly strtabBaseCfg: number
}

/** What became of a translation: an address, nothing, or a word of guest RAM that has to be loaded first. */
export type Translated =
  | { readonly kind: 'output'; readonly address: number }
  | { readonly kind: 'none' }
  | { readonly kind: 'needs'; readonly at: Gpa }

/** log2 of the granule, by TG0. */
const GRANULE_BITS = [12, 16, 14] as const
const LEVELS = 4
const DESCRIPTOR_BITS = 3
const SPLITS: readonly number[] = [6, 8, 10]

/** A walk comes to its end early: there is no translation, or a word is not there yet. */
class WalkEnd extends Error {
  readonly needs: Gpa | undefined
  constructor(needs?: Gpa) {
    super('the walk ends')
    this.needs = needs
  }
}

/**
 * Translates an input address of a stream as an SMMUv3 does that has stage 1 alone: stream table, context descriptor, translation
 * tables of AArch64.
 *
 * @source Arm IHI 0070, "Address translation"; QEMU hw/arm/smmuv3.c, smmu_find_ste and decode_cd; hw/arm/smmu-common.c, smmu_ptw_64_s1
 */
export function translate(memory: LoadableMemory, tables: SmmuTables, streamId: number, input: number): Translated {
  try {
    const walk = new Walk(memory)
    return { kind: 'output', address: walk.stage1(walk.context(walk.stream(tables, streamId)), input) }
  } catch (error) {
    if (!(error instanceof WalkEnd)) throw error
    return error.needs === undefined ? { kind: 'none' } : { kind: 'needs', at: error.needs }
  }
}

class Walk {
  readonly #memory: LoadableMemory

  constructor(memory: LoadableMemory) {
    this.#memory = memory
  }

  /** Where the stream's entry is. */
  stream({ strtabBase, strtabBaseCfg }: SmmuTables, streamId: number): number {
    const base = SMMU_STRTAB_BASE.unpack(strtabBase).address
    const { log2Size, split, format } = SMMU_STRTAB_BASE_CFG.decode(strtabBaseCfg, 0)
    if (streamId >= 2 ** log2Size) throw new WalkEnd()
    if (format === 0) return base + streamId * STE_BYTES
    if (format !== 1 || !SPLITS.includes(split)) throw new WalkEnd()
    const { span, l2Addr } = this.#word(base + (streamId >>> split) * 8, L1STD)
    const index = streamId % 2 ** split
    if (span === 0 || index >= 2 ** (span - 1)) throw new WalkEnd()
    return l2Addr + index * STE_BYTES
  }

  /** Where the context descriptor is of a stream that stage 1 alone translates. */
  context(at: number): number {
    const { valid, config, s1Format, s1Context, s1CdMax } = this.#word(at, STE)
    if (!valid || config !== STE_CONFIG_S1) throw new WalkEnd()
    if (s1CdMax > 0 && this.#word(at + 8, STE_1).s1Default !== STE_S1DSS_FIRST) throw new WalkEnd()
    if (s1CdMax === 0 || s1Format === 0) return s1Context
    const first = this.#word(s1Context, L1CD)
    if (!first.valid) throw new WalkEnd()
    return first.l2Addr
  }

  stage1(at: number, input: number): number {
    const { t0sz, tg0, epd0, valid, aa64 } = this.#word(at, CD)
    const granule = GRANULE_BITS[tg0]
    const inputBits = 64 - t0sz
    if (!valid || !aa64 || epd0 || granule === undefined || inputBits > 52 || input >= 2 ** inputBits) throw new WalkEnd()
    const stride = granule - DESCRIPTOR_BITS
    const levels = Math.ceil((inputBits - granule) / stride)
    if (levels < 1 || levels > LEVELS) throw new WalkEnd()
    let table = this.#word(at + 8, CD_1).ttb0
    for (let left = levels - 1; ; left--) {
      const shift = granule + stride * left
      const entry = this.#word(table + (Math.floor(input / 2 ** shift) % 2 ** stride) * 8, TTD)
      if (!entry.valid || (left === 0 && !entry.table)) throw new WalkEnd()
      if (left > 0 && entry.table) table = aligned(entry.address, granule)
      else return aligned(entry.address, shift) + (input % 2 ** shift)
    }
  }

  #word<F extends Fields>(at: number, layout: Layout<F>): Decoded<F> {
    const here = at as Gpa
    if (!this.#memory.contains(here, 8)) throw new WalkEnd()
    if (!this.#memory.isLoaded(here, 8)) throw new WalkEnd(here)
    return layout.decode(this.#memory.u32(here), this.#memory.u32((here + 4) as Gpa))
  }
}

const aligned = (address: number, bits: number): number => address - (address % 2 ** bits)
