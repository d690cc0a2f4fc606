import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CD, CD_1, L1CD, L1STD, SMMU_STRTAB_BASE, SMMU_STRTAB_BASE_CFG, STE, STE_1, STE_BYTES, TTD } from '../../abi/index.ts'
import { type Gpa, type GpaRange, gpa, LoadableMemory, PAGE_BYTES } from '../../memory/index.ts'
import { type SmmuTables, translate } from './smmu-walk.ts'

const RAM: GpaRange = { base: gpa(0x4000_0000), bytes: 0x20_0000 }
const STREAMS = 0x4000_0000
const STREAMS_2 = 0x4001_0000
const CONTEXTS = 0x4002_0000
const CONTEXTS_2 = 0x4003_0000
const TABLES = 0x4010_0000
const OUTPUT = 0x0809_0000
const INPUT = 0xffff_f040

interface Shape {
  readonly granule?: 12 | 14 | 16
  readonly t0sz?: number
  readonly input?: number
}

/** A VM whose SMMU maps the page of INPUT to OUTPUT for stream 0x18; words can be put in another way before they are written. */
class SmmuVm {
  readonly words = new Map<number, bigint>()
  cfg = SMMU_STRTAB_BASE_CFG.pack({ log2Size: 16, format: 0, split: 0 })
  readonly #input: number

  constructor({ granule = 12, t0sz = 25, input = INPUT }: Shape = {}) {
    this.#input = input
    this.words.set(STREAMS + 0x18 * STE_BYTES, STE.pack({ valid: true, config: 5, s1Context: CONTEXTS }))
    const tg0 = { 12: 0, 16: 1, 14: 2 }[granule]
    this.words.set(CONTEXTS, CD.pack({ valid: true, aa64: true, tg0, t0sz }))
    this.words.set(CONTEXTS + 8, CD_1.pack({ ttb0: TABLES }))
    const stride = granule - 3
    const levels = Math.ceil((64 - t0sz - granule) / stride)
    for (let left = levels - 1; left >= 0; left--) {
      const address = left === 0 ? OUTPUT : TABLES + (levels - left) * 0x1_0000
      this.words.set(this.slot(levels, left, granule), TTD.pack({ valid: true, table: true, address }))
    }
  }

  /** Where the descriptor of the input is in the table from which `left` more follow. */
  slot(levels: number, left: number, granule: number): number {
    const stride = granule - 3
    const index = Math.floor(this.#input / 2 ** (granule + stride * left)) % 2 ** stride
    return TABLES + (levels - 1 - left) * 0x1_0000 + index * 8
  }

  get tables(): SmmuTables {
    return { strtabBase: SMMU_STRTAB_BASE.pack({ address: STREAMS }), strtabBaseCfg: Number(this.cfg) }
  }

  get memory(): LoadableMemory {
    const memory = new LoadableMemory([RAM])
    for (let at: number = RAM.base; at < RAM.base + RAM.bytes; at += PAGE_BYTES) memory.loadZeros(at as Gpa)
    for (const [at, word] of this.words) memory.setWord(at as Gpa, Number(word & 0xffffffffn), Number(word >> 32n))
    return memory
  }

  translated(streamId = 0x18, input = this.#input): string {
    const answer = translate(this.memory, this.tables, streamId, input)
    return answer.kind === 'output' ? `0x${answer.address.toString(16)}` : answer.kind
  }

  with(words: Readonly<Record<number, bigint>>): this {
    for (const [at, word] of Object.entries(words)) this.words.set(Number(at), word)
    return this
  }
}

const STE_AT = STREAMS + 0x18 * STE_BYTES
const OUT = `0x${(OUTPUT + (INPUT % PAGE_BYTES)).toString(16)}`
const entry = STE.pack({ valid: true, config: 5, s1Context: CONTEXTS })
const twoLevels = { log2Size: 16, format: 1, split: 8 }

/** A stream table of two levels that has the first 16 streams, then 8 of the second 256; there are entries behind those too. */
function splitVm(cfg: Parameters<typeof SMMU_STRTAB_BASE_CFG.pack>[0] = twoLevels): SmmuVm {
  const vm = new SmmuVm()
  vm.cfg = SMMU_STRTAB_BASE_CFG.pack(cfg)
  vm.with({
    [STE_AT]: 0n,
    [STREAMS]: L1STD.pack({ span: 5, l2Addr: STREAMS_2 }),
    [STREAMS + 8]: L1STD.pack({ span: 4, l2Addr: STREAMS_2 }),
    [STREAMS + 16]: L1STD.pack({ span: 0, l2Addr: STREAMS_2 + 0x1000 }),
  })
  for (const stream of [7, 8, 0xf, 0x10, 0x40]) vm.words.set(STREAMS_2 + stream * STE_BYTES, entry)
  return vm
}

describe('an address that an SMMU translates', () => {
  it.each([
    ['4 KiB pages, 3 levels', 12, 25],
    ['4 KiB pages, 4 levels', 12, 16],
    ['4 KiB pages, 32 bits of input', 12, 32],
    ['16 KiB pages', 14, 17],
    ['64 KiB pages', 16, 22],
    ['64 KiB pages, 52 bits of input', 16, 12],
    ['64 KiB pages, one level', 16, 40],
  ] as const)('comes out of %s', (_, granule, t0sz) => {
    const input = INPUT % 2 ** (64 - t0sz)
    const inPage = INPUT % 2 ** granule
    expect(new SmmuVm({ granule, t0sz, input }).translated()).toBe(`0x${(OUTPUT + inPage).toString(16)}`)
  })

  it('may lie in a block, of whose address the bits below its size do not count', () => {
    const vm = new SmmuVm()
    const block = TTD.pack({ valid: true, address: 0x0801_3000 })
    expect(vm.with({ [vm.slot(3, 1, 12)]: block }).translated()).toBe(`0x${(0x0800_0000 + (INPUT % 2 ** 21)).toString(16)}`)
  })

  it.each([
    ['one of the first table', 8, OUT],
    ['its last', 0xf, OUT],
    ['one behind them', 0x10, 'none'],
    ['the last of the second table', 0x107, OUT],
    ['one behind those', 0x108, 'none'],
    ['the first of a table of none', 0x200, 'none'],
    ['one of a table that is not there', 0x300, 'none'],
  ])('is found through a stream table of two levels: %s', (_, streamId, expected) => {
    expect(splitVm().translated(streamId)).toBe(expected)
  })

  it.each([
    [{ ...twoLevels, split: 6 }, OUT],
    [{ ...twoLevels, split: 10 }, OUT],
    [{ ...twoLevels, split: 7 }, 'none'],
    [{ ...twoLevels, format: 2 }, 'none'],
  ])('is found only in a table of a known shape: %j', (cfg, expected) => {
    expect(splitVm(cfg).translated(8)).toBe(expected)
  })

  it.each([
    ['one context', { s1Format: 2, s1CdMax: 0, s1Context: CONTEXTS }, OUT],
    ['contexts in one table', { s1Format: 0, s1CdMax: 5, s1Context: CONTEXTS }, OUT],
    ['contexts in two levels', { s1Format: 2, s1CdMax: 5, s1Context: CONTEXTS_2 }, OUT],
    ['contexts in two levels, the first table missing', { s1Format: 2, s1CdMax: 5, s1Context: CONTEXTS_2 + 0x40 }, 'none'],
  ])('may have %s', (_, fields, expected) => {
    const vm = new SmmuVm().with({
      [STE_AT]: STE.pack({ valid: true, config: 5, ...fields }),
      [STE_AT + 8]: STE_1.pack({ s1Default: 2 }),
      [CONTEXTS_2]: L1CD.pack({ valid: true, l2Addr: CONTEXTS }),
      [CONTEXTS_2 + 0x40]: L1CD.pack({ valid: false, l2Addr: CONTEXTS }),
    })
    expect(vm.translated()).toBe(expected)
  })

  it.each([
    [
      'of a stream beyond the table',
      (vm: SmmuVm) => {
        vm.cfg = SMMU_STRTAB_BASE_CFG.pack({ log2Size: 4, format: 0, split: 0 })
        return vm.with({ [STREAMS + 0x10 * STE_BYTES]: entry }).translated(0x10)
      },
    ],
    ['of a stream without an entry', (vm: SmmuVm) => vm.translated(0x19)],
    ['of a stream whose entry is not valid', (vm: SmmuVm) => vm.with({ [STE_AT]: entry & ~1n }).translated()],
    [
      'that has more bits than there are',
      () => {
        const vm = new SmmuVm({ input: 0 })
        expect(vm.translated()).toBe(`0x${OUTPUT.toString(16)}`)
        return vm.translated(0x18, 2 ** 39)
      },
    ],
    ['that has more bits than an address', () => new SmmuVm({ granule: 16, t0sz: 11 }).translated()],
    ['through five levels', () => new SmmuVm({ t0sz: 15 }).translated()],
    [
      'through no level',
      () => {
        const vm = new SmmuVm({ granule: 16, t0sz: 48, input: 0x40 })
        return vm.with({ [TABLES + 0x40]: TTD.pack({ valid: true, table: true, address: OUTPUT }) }).translated()
      },
    ],
    [
      'of a stream that passes',
      (vm: SmmuVm) => vm.with({ [STE_AT]: STE.pack({ valid: true, config: 4, s1Context: CONTEXTS }) }).translated(),
    ],
    [
      'without a SubstreamID where that matters',
      (vm: SmmuVm) => vm.with({ [STE_AT]: STE.pack({ valid: true, config: 5, s1CdMax: 2, s1Context: CONTEXTS }) }).translated(),
    ],
    ['whose context is not valid', (vm: SmmuVm) => vm.with({ [CONTEXTS]: CD.pack({ aa64: true, t0sz: 25 }) }).translated()],
    [
      'whose tables are not walked',
      (vm: SmmuVm) => vm.with({ [CONTEXTS]: CD.pack({ valid: true, aa64: true, t0sz: 25, epd0: true }) }).translated(),
    ],
    ['in a page that is not mapped', (vm: SmmuVm) => vm.translated(0x18, INPUT - PAGE_BYTES)],
    [
      'whose last descriptor is a block',
      (vm: SmmuVm) => vm.with({ [vm.slot(3, 0, 12)]: TTD.pack({ valid: true, address: OUTPUT }) }).translated(),
    ],
    ['whose tables are not in RAM', (vm: SmmuVm) => vm.with({ [CONTEXTS + 8]: CD_1.pack({ ttb0: 0x1000_0000 }) }).translated()],
  ])('comes out nowhere: %s', (_, translated) => {
    expect(translated(new SmmuVm())).toBe('none')
  })

  it('needs its pages loaded, one after the other, and no other', () => {
    const { memory: whole, tables } = new SmmuVm()
    const memory = new LoadableMemory([RAM])
    const loaded: number[] = []
    for (let answer = translate(memory, tables, 0x18, INPUT); ; answer = translate(memory, tables, 0x18, INPUT)) {
      if (answer.kind === 'output') break
      if (answer.kind !== 'needs') throw new Error('the translation came to nothing')
      const page = gpa(answer.at - (answer.at % PAGE_BYTES))
      memory.load(page, whole.read(page, PAGE_BYTES))
      loaded.push(page)
    }
    expect(loaded).toEqual([STREAMS, CONTEXTS, TABLES, TABLES + 0x1_0000, TABLES + 0x2_0000])
  })

  it('is never more than an answer, whatever the words are', () => {
    const any = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
    fc.assert(
      fc.property(fc.array(any, { minLength: 5, maxLength: 5 }), fc.nat(0xffff), any, (words, streamId, cfg) => {
        const vm = new SmmuVm()
        vm.cfg = cfg & 0xffffffffn
        ;[STREAMS, STE_AT, CONTEXTS, CONTEXTS + 8, TABLES].forEach((at, i) => {
          vm.words.set(at, words[i]!)
        })
        expect(['none', 'output']).toContain(translate(vm.memory, vm.tables, streamId, INPUT).kind)
      }),
      { numRuns: 50 },
    )
  })
})
