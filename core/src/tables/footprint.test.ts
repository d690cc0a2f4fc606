import { describe, expect, it } from 'vitest'
import { GICR_PENDBASER, GICR_PROPBASER, GITS_BASER, GITS_CBASER, type GicRegisters } from '../abi/index.ts'
import { type Gpa, type GpaRange, LoadableMemory, NotLoadedError, PAGE_BYTES, type ReadonlyMemory } from '../memory/index.ts'
import { footprint, lpiRanges, registerRanges, sweepTables, tableView, walkTables } from './index.ts'
import { newest, PlantedTables, RAM, Seen } from './testing/planted.ts'

const registers = (indirect: boolean): GicRegisters => ({
  itses: [
    {
      base: undefined,
      ctlr: 1,
      iidr: 0,
      creadr: 0n,
      cwriter: 0n,
      cbaser: GITS_CBASER.pack({ valid: true, address: RAM, pages: 0 }),
      baser: [
        GITS_BASER.pack({ valid: true, indirect, addressLow: RAM + 0x1_0000 }),
        GITS_BASER.pack({ valid: true, addressLow: RAM + 0x2_0000 }),
      ],
    },
  ],
  redistributors: [
    {
      vcpuId: 0,
      ctlr: 1,
      propbaser: GICR_PROPBASER.pack({ address: RAM + 0x10_0000, idBits: 13 }),
      pendbaser: GICR_PENDBASER.pack({ address: RAM + 0x11_0000 }),
    },
  ],
})

/** A VM whose pages are loaded only when asked for, with a device in two second-level pages. */
function loadedInRounds(indirect: boolean) {
  const full = new PlantedTables({ indirect }).dte(3, { next: 6 }).dte(9, { size: 9 }).ite(3, 1).ite(9, 1000)
  const lazy = new LoadableMemory(full.memory.ranges)
  const rounds: GpaRange[][] = []
  for (;;) {
    const ranges = footprint(lazy, registers(indirect))
    if (ranges.length === 0) return { full, lazy, rounds }
    rounds.push(ranges)
    for (const { base, bytes } of ranges) {
      for (let at = base; at < base + bytes; at = (at + PAGE_BYTES) as Gpa) lazy.load(at, full.memory.read(at, PAGE_BYTES))
    }
  }
}

describe('the footprint of a restore', () => {
  it.each([
    [true, 3],
    [false, 2],
  ])('two-level %s: %i rounds load all that the walk and the sweep read, and little else', (indirect, count) => {
    const { full, lazy, rounds } = loadedInRounds(indirect)
    expect(rounds).toHaveLength(count)
    const view = tableView(registers(indirect))
    const [fromFull, fromLazy] = [new Seen(), new Seen()]
    walkTables(full.memory, view, newest, fromFull)
    expect(walkTables(lazy, view, newest, fromLazy).cut).toBeUndefined()
    expect(fromLazy).toEqual(fromFull)
    expect(fromLazy.events).toEqual(['3:1', '9:1000'])
    const nothing = { collection: () => {}, device: () => {}, event: () => {} }
    const swept = (memory: ReadonlyMemory) => ({ ...sweepTables(memory, view, nothing), work: 0 })
    expect(swept(lazy)).toEqual(swept(full.memory))
    const bytes = rounds.flat().reduce((sum, range) => sum + range.bytes, 0)
    expect(bytes).toBeLessThan(0x4_0000)
  })

  it('names nothing outside RAM, whatever the registers say', () => {
    const {
      itses: [its],
      redistributors,
    } = registers(false)
    const far = GITS_BASER.pack({ valid: true, addressLow: 2 ** 47, addressHigh: 15, pages: 255 })
    const memory = new LoadableMemory(new PlantedTables().memory.ranges)
    const ranges = footprint(memory, { itses: [{ ...its!, baser: [far, far] }], redistributors })
    expect(ranges).not.toEqual([])
    expect(ranges.filter(({ base, bytes }) => !memory.contains(base, bytes))).toEqual([])
  })

  it('a walk over pages that are not loaded says so instead of throwing', () => {
    const { memory: full, view } = new PlantedTables()
    const memory = new LoadableMemory(full.ranges)
    expect(() => memory.cursor().seek(view.deviceTable.base as Gpa)).toThrow(NotLoadedError)
    expect(walkTables(memory, view, newest, new Seen())).toMatchObject({ cut: 'not-loaded', objection: undefined })
  })
})

describe('the pending tables that a restore reads', () => {
  it('are those of every vCPU where one GICR_PROPBASER has room for LPIs: KVM has one for all', () => {
    const [first] = registers(false).redistributors
    const none = { ...first!, vcpuId: 1, propbaser: GICR_PROPBASER.pack({ address: RAM + 0x10_0000, idBits: 7 }) }
    const second = { ...none, pendbaser: GICR_PENDBASER.pack({ address: RAM + 0x13_0000 }) }
    const bases = (redistributors: GicRegisters['redistributors']) =>
      lpiRanges({ ...registers(false), redistributors }).map(({ what, base }) => [what, base - RAM])
    expect(bases([first!, second])).toEqual([
      ['LPI configuration table', 0x10_0000],
      ['pending table', 0x11_0000],
      ['pending table', 0x13_0000],
    ])
    expect(bases([second])).toEqual([])
  })
})

describe('a command queue that is not Valid', () => {
  it.each([
    ['is read where commands wait in it: some kernels run them', 0x20n, ['command queue']],
    ['is not read where none do', 0n, []],
  ])('%s', (_, cwriter, ranges) => {
    const [its] = registers(false).itses
    const none = { ...its!, baser: [0n, 0n], cbaser: GITS_CBASER.pack({ address: RAM, pages: 0 }), cwriter }
    expect(registerRanges({ ...registers(false), itses: [none] }).map(({ what }) => what)).toEqual(ranges)
  })
})
