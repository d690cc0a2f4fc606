import { describe, expect, it } from 'vitest'
import {
  CD,
  CD_1,
  type MsiFunction,
  msiTarget,
  SMMU_CR0,
  SMMU_STRTAB_BASE,
  SMMU_STRTAB_BASE_CFG,
  STE,
  STE_BYTES,
  TTD,
} from '../../abi/index.ts'
import { coalesce, type Gpa, type GpaRange, gpa, LoadableMemory, PAGE_BYTES } from '../../memory/index.ts'
import { ringWords, type VirtioDevice, type Virtqueue } from '../../virtio/index.ts'
import { Bytes, someRegisters } from '../testing/stream-writer.ts'
import { DeviceState } from './device-state.ts'
import { ringsThroughIommus, smmuTables, throughIommus } from './iommu.ts'
import type { SmmuTables } from './smmu-walk.ts'
import type { Field } from './vmdescription.ts'

const RAM: GpaRange = { base: gpa(0x4000_0000), bytes: 0x20_0000 }
const [STREAMS, CONTEXTS, TABLES, OTHER_STREAMS] = [0x4000_0000, 0x4004_0000, 0x4005_0000, 0x4010_0000]
const TRANSLATER_PAGE = 0x0809_0000
const { itses } = someRegisters

/** An SMMU that maps 64 KiB at 0x10000 of stream 0x18 to GITS_TRANSLATER, and those at 0x20000 to RAM. */
function vm() {
  const words = new Map<number, bigint>([
    [STREAMS + 0x18 * STE_BYTES, STE.pack({ valid: true, config: 5, s1Context: CONTEXTS })],
    [CONTEXTS, CD.pack({ valid: true, aa64: true, tg0: 1, t0sz: 40 })],
    [CONTEXTS + 8, CD_1.pack({ ttb0: TABLES })],
    [TABLES + 8, TTD.pack({ valid: true, table: true, address: TRANSLATER_PAGE })],
    [TABLES + 16, TTD.pack({ valid: true, table: true, address: RAM.base })],
  ])
  const memory = new LoadableMemory([RAM])
  const loads: (readonly GpaRange[])[] = []
  const load = async (ranges: readonly GpaRange[]) => {
    loads.push(ranges)
    const pages = new Set(ranges.map(({ base }) => base - (base % PAGE_BYTES)))
    for (const page of pages) {
      const contents = new Uint8Array(PAGE_BYTES)
      for (const [at, word] of words) {
        if (at >= page && at < page + PAGE_BYTES) new DataView(contents.buffer).setBigUint64(at - page, word, true)
      }
      memory.load(page as Gpa, contents)
    }
  }
  return { memory, load, loads }
}

const tablesAt = (address: number): SmmuTables => ({
  strtabBase: SMMU_STRTAB_BASE.pack({ address }),
  strtabBaseCfg: Number(SMMU_STRTAB_BASE_CFG.pack({ log2Size: 8, format: 0, split: 0 })),
})

/** A function whose vectors have these addresses, as it was read from the file. */
function fn(deviceId: number, ...addresses: readonly bigint[]): MsiFunction {
  const vectors = addresses.map((address, data) => ({ address, target: msiTarget(address, itses), data, masked: data === 1 }))
  return { name: `${deviceId}`, deviceId, kind: 'MSI-X', enabled: true, vectors }
}

async function targets(functions: readonly MsiFunction[], smmus = [tablesAt(STREAMS)]) {
  const ram = vm()
  const seen = await throughIommus(functions, smmus, itses, ram)
  return { seen, loads: ram.loads, kinds: seen.map(({ vectors }) => vectors.map(({ target }) => target.kind)) }
}

describe('what vectors write to behind an SMMU', () => {
  it('is what its tables say, the rest of them staying as it is', async () => {
    const before = fn(0x18, 0x10040n, 0x10044n, 0x20040n, 0x30040n, 0n, 0x8090040n)
    const { seen, kinds } = await targets([before])
    expect(kinds).toEqual([['translated', 'elsewhere', 'elsewhere', 'elsewhere', 'unset', 'translater']])
    const translated = { ...before.vectors[0]!, target: { kind: 'translated', its: 0 } }
    expect(seen).toEqual([{ ...before, vectors: [translated, ...before.vectors.slice(1)] }])
  })

  it('is told of each stream, and of one that no SMMU knows nothing', async () => {
    expect((await targets([fn(0x19, 0x10040n), fn(0x18, 0x10040n)])).kinds).toEqual([['elsewhere'], ['translated']])
  })

  it('is told by any SMMU that has the stream', async () => {
    for (const smmus of [
      [tablesAt(OTHER_STREAMS), tablesAt(STREAMS)],
      [tablesAt(STREAMS), tablesAt(OTHER_STREAMS)],
    ]) {
      expect((await targets([fn(0x18, 0x10040n)], smmus)).kinds).toEqual([['translated']])
    }
    expect((await targets([fn(0x18, 0x10040n)], [tablesAt(OTHER_STREAMS)])).kinds).toEqual([['elsewhere']])
  })

  it('is nothing beyond 52 bits', async () => {
    const { kinds, loads } = await targets([fn(0x18, 2n ** 52n + 0x10040n, 2n ** 52n)])
    expect([kinds, loads]).toEqual([[['elsewhere', 'elsewhere']], []])
  })

  it('takes a word of each table, the same one only once', async () => {
    const { loads } = await targets([fn(0x18, 0x10040n, 0x10048n, 0x20040n)])
    expect(loads.map((ranges) => coalesce(ranges))).toEqual([
      [{ base: STREAMS + 0x18 * STE_BYTES, bytes: 8 }],
      [{ base: CONTEXTS, bytes: 8 }],
      [{ base: TABLES + 8, bytes: 16 }],
    ])
    expect(loads.every((ranges) => ranges.length === 1)).toBe(true)
  })

  it('is left as it is without an SMMU, and nothing is loaded', async () => {
    const functions = [fn(0x18, 0x10040n)]
    const { seen, loads } = await targets(functions, [])
    expect([seen === functions, loads]).toEqual([true, []])
  })

  it.each([
    [4095, 'translated'],
    [4096, 'elsewhere'],
  ])('is looked for in 4096 pages: behind %i others it is %s', async (others, kind) => {
    const addresses = Array.from({ length: others }, (_, i) => BigInt(0x100_0000 + i * PAGE_BYTES))
    expect((await targets([fn(0x19, ...addresses), fn(0x18, 0x10040n)])).kinds[1]).toEqual([kind])
  })
})

describe('where rings are behind an SMMU', () => {
  const queue = (desc: number, more: Partial<Virtqueue> = {}): Virtqueue => ({
    index: 0,
    size: 8,
    vector: 1,
    place: { kind: 'ram', desc: desc as Gpa, avail: (desc + 0x80) as Gpa, used: (desc + 0xa0) as Gpa },
    nextAvail: 0,
    offset: 0,
    ...more,
  })
  const virtio = (deviceId: number, queues: readonly Virtqueue[], features = 1n << 33n): VirtioDevice => ({
    name: `0000:00:03.0/virtio-blk`,
    deviceId,
    kind: 'blk',
    status: 15,
    features,
    configVector: undefined,
    queues,
    offset: 0,
  })
  const places = async (device: VirtioDevice, smmus = [tablesAt(STREAMS)]) => {
    const [seen] = await ringsThroughIommus([device], smmus, vm())
    return seen!.queues.map(({ place }) => place)
  }
  /** Input 0x20000 to 0x2ffff of stream 0x18 is the first 64 KiB of RAM. */
  const INPUT = 0x2_0000

  it('is told of the pages that hold the words that are looked at', async () => {
    const one = queue(INPUT + 0x1f80)
    const pages = [{ input: INPUT + 0x2000, output: RAM.base + 0x2000 }]
    expect(await places(virtio(0x18, [one]))).toEqual([{ ...one.place, pages }])
    const [place] = await places(virtio(0x18, [queue(INPUT + 0x1f60)]))
    expect(place).toMatchObject({ pages: [{ input: INPUT + 0x1000, output: RAM.base + 0x1000 }, pages[0]] })
  })

  it('leads to the words themselves', async () => {
    const [seen] = await ringsThroughIommus([virtio(0x18, [queue(INPUT + 0x1f60)])], [tablesAt(STREAMS)], vm())
    expect(ringWords([seen!]).map(({ base }) => base - RAM.base)).toEqual([0x1fe0, 0x1fe2, 0x1ff4, 0x2000, 0x2002, 0x2044])
  })

  it.each([
    ['of another stream', virtio(0x19, [queue(INPUT)]), [tablesAt(STREAMS)]],
    ['of a page that is not mapped', virtio(0x18, [queue(0x3_0000)]), [tablesAt(STREAMS)]],
    ['of which one page is not mapped', virtio(0x18, [queue(0x2_ff60)]), [tablesAt(STREAMS)]],
    ['where the IOMMU is none that is known', virtio(0x18, [queue(INPUT)]), []],
  ])('is not known %s', async (_, device, smmus) => {
    expect(await places(device, smmus)).toEqual([{ kind: 'elsewhere' }])
  })

  it('is where it says of a device that passes by the IOMMU, and nowhere of a queue that is not set up', async () => {
    const direct = virtio(0x18, [queue(INPUT)], 0n)
    expect(await ringsThroughIommus([direct], [tablesAt(STREAMS)], vm())).toEqual([direct])
    expect(await places(virtio(0x18, [queue(INPUT, { place: { kind: 'unset' } })]))).toEqual([{ kind: 'unset' }])
  })
})

describe('the SMMUs of a machine', () => {
  const field = (name: string, bytes: number, count = 1): Field => ({ name, type: '', bytes, count, struct: undefined })
  const state = (cr0: number, crs = 3) => {
    const out = new Bytes()
    for (let n = 0; n < crs; n++) out.u32(n === 0 ? cr0 : 0xffffffff)
    const fields = [...(crs > 0 ? [field('cr', 4, crs)] : []), field('strtab_base', 8), field('strtab_base_cfg', 4)]
    const device = { name: 'smmuv3', instance: 0, fields, subsections: [] }
    const bytes = out.u64(0x4000_0040n).u32(0x1234).done()
    return new DeviceState({ device, offset: 0, bytes: bytes.length }, bytes)
  }
  const enabled = Number(SMMU_CR0.pack({ enabled: true }))

  it('are those that translate', () => {
    const tables = { strtabBase: 0x4000_0040n, strtabBaseCfg: 0x1234 }
    expect(smmuTables([state(enabled), state(0), state(enabled)])).toEqual([tables, tables])
    expect(smmuTables([state(0, 0)])).toEqual([])
  })
})
