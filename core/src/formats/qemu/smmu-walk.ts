import {
  CD,
  CD_1,
  L1CD,
  L1STD,
  SMMU_STRTAB_BASE,
  SMMU_STRTAB_BASE_CFG,
  STE,
  STE_1,
  STE_BYTES,
  STE_CONFIG_S1,
  STE_S1DSS_FIRST,
} from '../../abi/index.ts'
import type { LoadableMemory } from '../../memory/index.ts'
import { type Translated, WalkEnd, walked, walkTables, wordAt } from '../translation-tables.ts'

/** The registers of an SMMUv3 that say where its tables are. */
export interface SmmuTables {
  readonly strtabBase: bigint
  readonly strtabBaseCfg: number
}

/** log2 of the granule, by TG0. */
const GRANULE_BITS = [12, 16, 14] as const
const SPLITS: readonly number[] = [6, 8, 10]

/**
 * Translates an input address of a stream as an SMMUv3 does that has stage 1 alone: stream table, context descriptor, translation
 * tables of AArch64.
 *
 * @source Arm IHI 0070, "Address translation"; QEMU hw/arm/smmuv3.c, smmu_find_ste and decode_cd; hw/arm/smmu-common.c, smmu_ptw_64_s1
 */
export function translate(memory: LoadableMemory, tables: SmmuTables, streamId: number, input: number): Translated {
  const walk = new Walk(memory)
  return walked(() => walk.stage1(walk.context(walk.stream(tables, streamId)), input))
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
    const { span, l2Addr } = wordAt(this.#memory, base + (streamId >>> split) * 8, L1STD)
    const index = streamId % 2 ** split
    if (span === 0 || index >= 2 ** (span - 1)) throw new WalkEnd()
    return l2Addr + index * STE_BYTES
  }

  /** Where the context descriptor is of a stream that stage 1 alone translates. */
  context(at: number): number {
    const { valid, config, s1Format, s1Context, s1CdMax } = wordAt(this.#memory, at, STE)
    if (!valid || config !== STE_CONFIG_S1) throw new WalkEnd()
    if (s1CdMax > 0 && wordAt(this.#memory, at + 8, STE_1).s1Default !== STE_S1DSS_FIRST) throw new WalkEnd()
    if (s1CdMax === 0 || s1Format === 0) return s1Context
    const first = wordAt(this.#memory, s1Context, L1CD)
    if (!first.valid) throw new WalkEnd()
    return first.l2Addr
  }

  stage1(at: number, input: number): number {
    const { t0sz, tg0, epd0, valid, aa64 } = wordAt(this.#memory, at, CD)
    const tables = { granule: GRANULE_BITS[tg0], inputBits: 64 - t0sz }
    if (!valid || !aa64 || epd0) throw new WalkEnd()
    return walkTables(this.#memory, { ...tables, base: wordAt(this.#memory, at + 8, CD_1).ttb0 }, input)
  }
}
