import { type MsiFunction, type MsiTarget, msiTarget, type SavedIts, SMMU_CR0 } from '../../abi/index.ts'
import { coalesce, type GpaRange, type LoadableMemory, PAGE_BYTES } from '../../memory/index.ts'
import type { DeviceState } from './device-state.ts'
import { type SmmuTables, translate } from './smmu-walk.ts'

/** Pages that MSIs of all functions write to; more are left untranslated. */
const MOST_PAGES = 4096

/** The SMMUs of the `smmuv3` sections that translate. @source QEMU hw/arm/smmuv3.c, vmstate_smmuv3 */
export function smmuTables(states: readonly DeviceState[]): SmmuTables[] {
  return states.flatMap((state) => {
    const [cr0 = 0n] = state.integers('cr', 4)
    if (!SMMU_CR0.unpack(cr0).enabled) return []
    return [{ strtabBase: state.integer('strtab_base', 8), strtabBaseCfg: Number(state.integer('strtab_base_cfg', 4)) }]
  })
}

/** Guest RAM that can be brought in. */
export interface Ram {
  readonly memory: LoadableMemory
  load(ranges: readonly GpaRange[]): Promise<void>
}

/**
 * Tells what vectors behind an SMMU write to, by its tables in guest RAM; the DeviceID of a function is its StreamID too. An
 * address that no SMMU maps to an ITS stays what it was. Behind a virtio-iommu there is nothing to do: it keeps the page of
 * GITS_TRANSLATER for MSIs, which pass it as they are.
 *
 * @source QEMU target/arm/kvm.c, kvm_arch_fixup_msi_route; hw/arm/smmu-common.c, smmu_get_sid; hw/arm/virt.c, virt_machine_device_pre_plug_cb
 */
export async function throughIommus(
  functions: readonly MsiFunction[],
  smmus: readonly SmmuTables[],
  itses: readonly SavedIts[],
  ram: Ram,
): Promise<readonly MsiFunction[]> {
  if (smmus.length === 0) return functions
  const targets = new Targets(functions, itses)
  for (let needed = targets.look(smmus, ram.memory); needed.length > 0; needed = targets.look(smmus, ram.memory)) {
    await ram.load(needed)
  }
  return functions.map((fn) => ({
    ...fn,
    vectors: fn.vectors.map((vector) => ({ ...vector, target: targets.of(fn.deviceId, vector.address) ?? vector.target })),
  }))
}

/** One page that a function writes to, until it is known what it is. */
interface Asked {
  readonly deviceId: number
  readonly page: number
}

/** What the pages are that vectors write to whose meaning is not known yet. */
class Targets {
  readonly #itses: readonly SavedIts[]
  readonly #found = new Map<string, number>()
  #asked: Asked[]

  constructor(functions: readonly MsiFunction[], itses: readonly SavedIts[]) {
    this.#itses = itses
    const asked = new Map<string, Asked>()
    for (const { deviceId, vectors } of functions) {
      for (const { address, target } of vectors) {
        if (target.kind !== 'elsewhere' || address >= 2n ** 52n || asked.size >= MOST_PAGES) continue
        const page = pageOf(address)
        asked.set(key(deviceId, page), { deviceId, page })
      }
    }
    this.#asked = [...asked.values()]
  }

  /** Goes on as far as guest RAM is loaded; the words that are needed next. */
  look(smmus: readonly SmmuTables[], memory: LoadableMemory): GpaRange[] {
    const needed: GpaRange[] = []
    this.#asked = this.#asked.filter(({ deviceId, page }) => {
      const answers = smmus.map((tables) => translate(memory, tables, deviceId, page))
      const waiting = answers.flatMap((answer) => (answer.kind === 'needs' ? [{ base: answer.at, bytes: 8 }] : []))
      needed.push(...waiting)
      for (const answer of answers) if (answer.kind === 'output') this.#found.set(key(deviceId, page), answer.address)
      return waiting.length > 0
    })
    return coalesce(needed)
  }

  of(deviceId: number, address: bigint): MsiTarget | undefined {
    const page = pageOf(address)
    const output = this.#found.get(key(deviceId, page))
    if (output === undefined) return undefined
    const target = msiTarget(BigInt(output) + (address % BigInt(PAGE_BYTES)), this.#itses)
    return target.kind === 'translater' ? { kind: 'translated', its: target.its } : undefined
  }
}

const key = (deviceId: number, page: number): string => `${deviceId}:${page}`
const pageOf = (address: bigint): number => Number(address - (address % BigInt(PAGE_BYTES)))
