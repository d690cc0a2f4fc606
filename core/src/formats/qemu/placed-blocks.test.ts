import { describe, expect, it } from 'vitest'
import { type GpaRange, gpa } from '../../memory/index.ts'
import { RamBlock } from './ram-block.ts'
import { placeRam } from './ram-places.ts'
import type { MemoryAffinity } from './srat.ts'
import type { VirtioMem } from './virtio-mem.ts'

const MIB = 2 ** 20
const RAM = 0x4000_0000
const PLUGGED = 0x8000_0000
const END = 2 ** 48
const PATH = '0000:00:09.0'

/** MiB of a block, or of a node, by its name. */
type Sizes = Readonly<Record<string, number>>

interface Facts {
  readonly nodes?: readonly number[]
  readonly persistent?: readonly GpaRange[]
  readonly pluggable?: GpaRange
  readonly virtioMems?: readonly VirtioMem[]
}

const range = (base: number, mib: number): GpaRange => ({ base: gpa(base), bytes: mib * MIB })
const rest = (base: number): GpaRange => ({ base: gpa(base), bytes: END - base })

function affinityOf({ nodes, persistent = [], pluggable }: Facts): MemoryAffinity | undefined {
  if (nodes === undefined) return undefined
  let base = RAM
  const ranges = nodes.map((mib) => {
    const node = range(base, mib)
    base += mib * MIB
    return node
  })
  return { nodes: ranges, persistent, pluggable }
}

function place(sizes: Sizes, facts: Facts = {}) {
  const blocks = new Map(Object.entries(sizes).map(([name, mib]) => [name, new RamBlock(name, mib * MIB, { bytes: 0 })]))
  const map = placeRam('virt-9.0', blocks, { affinity: affinityOf(facts), virtioMems: facts.virtioMems ?? [] }, 7)
  const places: Record<string, number> = {}
  for (const at of map.ranges.flatMap(({ base, bytes }) => Array.from({ length: bytes / MIB }, (_, i) => base + i * MIB))) {
    places[map.find(gpa(at)).block.name] ??= at
  }
  return { places, unlocated: map.unlocated }
}

describe('the nodes of a machine', () => {
  it.each<[string, Sizes, Facts, Record<string, number>]>([
    ['are one block, whatever the tables say', { memory: 3 }, { nodes: [1, 1] }, { memory: RAM }],
    ['are not a DIMM', { 'ram-node0': 1, 'ram-node1': 1, d: 1 }, {}, { 'ram-node0': RAM, 'ram-node1': RAM + MIB, d: PLUGGED }],
    [
      'may be more than ten',
      { 'ram-node10': 1, 'ram-node9': 1, d: 1 },
      {},
      { 'ram-node9': RAM, 'ram-node10': RAM + MIB, d: PLUGGED },
    ],
    [
      'are not what has their name in its own',
      { 'ram-node0': 1, 'old-ram-node1': 1 },
      {},
      { 'ram-node0': RAM, 'old-ram-node1': PLUGGED },
    ],
    [
      'are not what has their name before its own',
      { 'ram-node0': 1, 'ram-node1-old': 1 },
      {},
      { 'ram-node0': RAM, 'ram-node1-old': PLUGGED },
    ],
    ['may be missing in the tables', { m1: 1, m0: 1 }, { nodes: [] }, { m0: RAM, m1: RAM + MIB }],
    [
      'may be of one size but for one',
      { m1: 1, big: 2, m0: 1 },
      { nodes: [1, 2, 1] },
      { m0: RAM, big: RAM + MIB, m1: RAM + 3 * MIB },
    ],
    ['follow the numbers that end their names', { node10: 1, node9: 1 }, {}, { node9: RAM, node10: RAM + MIB }],
    ['do not follow numbers inside their names', { m1x: 1, m0x: 1 }, {}, { m1x: RAM, m0x: RAM + MIB }],
    ['do not follow the numbers of different names', { a1: 1, b0: 1 }, {}, { a1: RAM, b0: RAM + MIB }],
    ['do not follow those of names that differ in the middle', { am1: 1, bm0: 1 }, {}, { am1: RAM, bm0: RAM + MIB }],
  ])('%s', (_, sizes, facts, expected) => {
    expect(place(sizes, facts).places).toEqual(expected)
  })

  it.each<[string, Sizes, string]>([
    ['there are none', {}, 'found none'],
    ['there is nothing but devices', { 'virt.flash0': 1, pvtime: 1 }, 'found "virt.flash0", "pvtime"'],
    ['nothing tells which is which', { b: 2, a: 1 }, 'found "b", "a"'],
  ])('are asked for where %s', (_, sizes, message) => {
    expect(() => place(sizes)).toThrow(`at byte 0x7: expected a RAM block mach-virt.ram`)
    expect(() => place(sizes)).toThrow(message)
  })
})

it('RAM is placed for the arm64 virt machine alone', () => {
  const blocks = new Map([['pc.ram', new RamBlock('pc.ram', MIB, { bytes: 0 })]])
  const refused = () => placeRam('pc-q35-9.0', blocks, { affinity: undefined, virtioMems: [] }, 7)
  expect(refused).toThrow('expected a stream of the arm64 "virt" machine, found machine "pc-q35-9.0"')
})

describe('what is plugged', () => {
  const ram = { 'mach-virt.ram': 1 }
  const pluggable = range(PLUGGED, 64)
  const vm = `${PATH}/vm`
  const mem = (base: number, mib: number, path = PATH): VirtioMem => ({ path, range: range(base, mib) })
  const other = '0000:00:0a.0'

  it.each<[string, Sizes, Facts, Record<string, number>]>([
    [
      'has its place beside an option ROM',
      { [vm]: 4, [`${PATH}/x.rom`]: 1 },
      { virtioMems: [mem(PLUGGED, 4)] },
      { [vm]: PLUGGED },
    ],
    [
      'comes right behind what ends there',
      { [vm]: 4, d: 2 },
      { nodes: [1], pluggable, virtioMems: [mem(PLUGGED - 4 * MIB, 4)] },
      { [vm]: PLUGGED - 4 * MIB, d: PLUGGED },
    ],
    [
      'comes right before what begins there',
      { [vm]: 4, d: 2 },
      { nodes: [1], pluggable, virtioMems: [mem(PLUGGED + 2 * MIB, 4)] },
      { [vm]: PLUGGED + 2 * MIB, d: PLUGGED },
    ],
  ])('%s', (_, sizes, facts, expected) => {
    expect(place({ ...sizes, ...ram }, facts)).toEqual({ places: { 'mach-virt.ram': RAM, ...expected }, unlocated: [] })
  })

  it.each<[string, Sizes, Facts, readonly GpaRange[]]>([
    ['a virtio-mem device does not tell', { [vm]: 4 }, { virtioMems: [{ path: PATH, range: undefined }] }, [rest(PLUGGED)]],
    ['two NVDIMMs have one size', { n: 4, m: 4 }, { nodes: [1], pluggable, persistent: [range(PLUGGED, 4)] }, [pluggable]],
    [
      'an NVDIMM may be in two places',
      { n: 4, d: 2 },
      { nodes: [1], pluggable, persistent: [range(PLUGGED, 4), range(PLUGGED + 8 * MIB, 4)] },
      [pluggable],
    ],
    [
      'a DIMM does not fit in',
      { [vm]: 4, d: 2 },
      { nodes: [1], pluggable, virtioMems: [mem(PLUGGED + MIB, 4)] },
      [range(PLUGGED, 1), range(PLUGGED + 5 * MIB, 59)],
    ],
    [
      'there are DIMMs beside an NVDIMM',
      { n: 4, d: 2, e: 3 },
      { nodes: [1], pluggable, persistent: [range(PLUGGED + 8 * MIB, 4)] },
      [range(PLUGGED, 8), range(PLUGGED + 12 * MIB, 52)],
    ],
    [
      'others take places before and behind, told in any order',
      { [vm]: 4, [`${other}/vm`]: 8, d: 2, e: 3 },
      { nodes: [1], pluggable, virtioMems: [mem(PLUGGED + 56 * MIB, 8, other), mem(PLUGGED, 4)] },
      [range(PLUGGED + 4 * MIB, 52)],
    ],
    [
      'something is larger than the region',
      { [vm]: 80, d: 2, e: 3 },
      { nodes: [1], pluggable, virtioMems: [mem(PLUGGED, 80)] },
      [],
    ],
  ])('may be anywhere else where %s', (_, sizes, facts, expected) => {
    expect(place({ ...sizes, ...ram }, facts).unlocated).toEqual(expected)
  })
})
