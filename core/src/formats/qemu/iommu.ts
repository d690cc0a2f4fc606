import { type MsiFunction, type MsiTarget, msiTarget, type SavedIts, SMMU_CR0 } from '../../abi/index.ts'
import { coalesce, type Gpa, type GpaRange, PAGE_BYTES } from '../../memory/index.ts'
import { hasFeature, type RingPage, type RingPlace, ringWords, type VirtioDevice, type Virtqueue } from '../../virtio/index.ts'
import type { Ram } from '../page-loader.ts'
import type { DeviceState } from './device-state.ts'
import { type SmmuTables, translate } from './smmu-walk.ts'

/** Pages that all functions name together; more are left untranslated. */
const MOST_PAGES = 4096

/** The SMMUs of the `smmuv3` sections that translate. @source QEMU hw/arm/smmuv3.c, vmstate_smmuv3 */
export function smmuTables(states: readonly DeviceState[]): SmmuTables[] {
  return states.flatMap((state) => {
    const [cr0 = 0n] = state.integers('cr', 4)
    if (!SMMU_CR0.unpack(cr0).enabled) return []
    return [{ strtabBase: state.integer('strtab_base', 8), strtabBaseCfg: Number(state.integer('strtab_base_cfg', 4)) }]
  })
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
  const pages = new Pages(functions.flatMap(untold))
  await pages.look(smmus, ram)
  const meaning = (deviceId: number, address: bigint): MsiTarget | undefined => {
    const output = pages.output(deviceId, pageOf(address))
    if (output === undefined) return undefined
    const target = msiTarget(BigInt(output) + (address % BigInt(PAGE_BYTES)), itses)
    return target.kind === 'translater' ? { kind: 'translated', its: target.its } : undefined
  }
  return functions.map((fn) => ({
    ...fn,
    vectors: fn.vectors.map((vector) => ({ ...vector, target: meaning(fn.deviceId, vector.address) ?? vector.target })),
  }))
}

/** The pages that vectors write to whose meaning is not known yet. */
const untold = ({ deviceId, vectors }: MsiFunction): Asked[] =>
  vectors
    .filter(({ target, address }) => target.kind === 'elsewhere' && address < 2n ** 52n)
    .map(({ address }) => ({ deviceId, page: pageOf(address) }))

/**
 * Tells where in RAM the rings are of devices that respect an IOMMU (VIRTIO_F_ACCESS_PLATFORM): as far as SMMUs translate their pages. What a
 * virtio-iommu maps is not known here.
 */
export async function ringsThroughIommus(
  devices: readonly VirtioDevice[],
  smmus: readonly SmmuTables[],
  ram: Ram,
): Promise<readonly VirtioDevice[]> {
  const behind = devices.filter((device) => hasFeature(device, 'accessPlatform'))
  const pages = new Pages(
    behind.flatMap((device) => ringWords([device]).map(({ base }) => ({ deviceId: device.deviceId, page: pageOf(base) }))),
  )
  await pages.look(smmus, ram)
  return devices.map((device) => {
    if (!behind.includes(device)) return device
    return { ...device, queues: device.queues.map((queue) => ({ ...queue, place: placeThrough(pages, device, queue) })) }
  })
}

function placeThrough(pages: Pages, device: VirtioDevice, queue: Virtqueue): RingPlace {
  const { place } = queue
  if (place.kind !== 'ram') return place
  const inputs = new Set(ringWords([{ ...device, queues: [queue] }]).map(({ base }) => pageOf(base) as Gpa))
  const found = [...inputs].flatMap((input): RingPage[] => {
    const output = pages.output(device.deviceId, input)
    return output === undefined ? [] : [{ input, output: output as Gpa }]
  })
  return found.length < inputs.size ? { kind: 'elsewhere' } : { ...place, pages: found }
}

/** A page that a function names, until it is known what it is. */
interface Asked {
  readonly deviceId: number
  readonly page: number
}

/** What SMMUs make of pages that functions name. */
class Pages {
  readonly #found = new Map<string, number>()
  readonly #asked: readonly Asked[]

  /** The first `MOST_PAGES` of them. */
  constructor(asked: Iterable<Asked>) {
    const first = new Map<string, Asked>()
    for (const one of asked) {
      if (first.size >= MOST_PAGES) break
      first.set(key(one.deviceId, one.page), one)
    }
    this.#asked = [...first.values()]
  }

  /** Follows all of them through the tables in guest RAM. */
  async look(smmus: readonly SmmuTables[], { memory, load }: Ram): Promise<void> {
    for (let asked = this.#asked; asked.length > 0; ) {
      const needed: GpaRange[] = []
      asked = asked.filter(({ deviceId, page }) => {
        const answers = smmus.map((tables) => translate(memory, tables, deviceId, page))
        const waiting = answers.flatMap((answer) => (answer.kind === 'needs' ? [{ base: answer.at, bytes: 8 }] : []))
        needed.push(...waiting)
        for (const answer of answers) if (answer.kind === 'output') this.#found.set(key(deviceId, page), answer.address)
        return waiting.length > 0
      })
      if (needed.length > 0) await load(coalesce(needed))
    }
  }

  output(deviceId: number, page: number): number | undefined {
    return this.#found.get(key(deviceId, page))
  }
}

const key = (deviceId: number, page: number): string => `${deviceId}:${page}`
const pageOf = (address: bigint | number): number => Number(address) - (Number(address) % PAGE_BYTES)
