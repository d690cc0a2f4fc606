import type { Gpa, GpaRange } from '../../memory/index.ts'
import { FormatError } from '../format-error.ts'
import type { RamBlock } from './ram-block.ts'
import { type PlacedBlock, RamMap } from './ram-map.ts'
import type { MemoryAffinity } from './srat.ts'
import type { VirtioMem } from './virtio-mem.ts'

/** Where the virt machine has its RAM; memory that is plugged comes behind it, from the next GiB on. @source QEMU hw/arm/virt.c, virt_set_memmap */
const VIRT_RAM_BASE = 0x4000_0000
const GIB = 2 ** 30
const PLUGGED_END = 2 ** 48
const WHOLE_RAM = 'mach-virt.ram'

/** Blocks of the virt machine, and of what can be plugged into it, that are not its RAM. */
const DEVICE_BLOCKS = /^virt\.(flash|secure)|^\/rom@|^pvtime$|\.rom$|vram|[/:]/
/** Machines up to virt-3.1 name a memory backend in a file by its path. @source QEMU hw/core/machine.c, hw_compat_3_1 */
const BACKEND_PATH = /^\/objects\/(?=[^/:]+$)/

/** What the stream tells of memory besides its blocks. */
export interface MemoryFacts {
  readonly affinity: MemoryAffinity | undefined
  readonly virtioMems: readonly VirtioMem[]
}

/**
 * Gives the blocks that are guest RAM their addresses; a stream has none. The RAM that the machine was started with is
 * `mach-virt.ram`, or the memory backends of its NUMA nodes one after the other in node order. A virtio-mem device tells its
 * address, an NVDIMM stands in the ACPI tables, and a DIMM that is alone was put at the beginning of what can be plugged. Where
 * other blocks are is not known.
 *
 * @source QEMU hw/arm/virt.c, machvirt_init; hw/core/numa.c, numa_init_memdev_container; hw/mem/memory-device.c, memory_device_get_free_addr
 */
export function placeRam(machine: string, blocks: ReadonlyMap<string, RamBlock>, facts: MemoryFacts, offset: number): RamMap {
  if (!machine.startsWith('virt')) throw new FormatError(0, 'a stream of the arm64 "virt" machine', `machine "${machine}"`)
  const backends = [...blocks.values()].filter(({ name }) => !DEVICE_BLOCKS.test(backendName(name)))
  const first = startingRam(backends, facts.affinity)
  if (first === undefined) {
    const found = [...blocks.keys()].map((name) => `"${name}"`).join(', ') || 'none'
    throw new FormatError(offset, 'a RAM block mach-virt.ram, or memory backends that tell their NUMA node', found)
  }
  const placed = oneAfterTheOther(first)
  const end = placed.reduce((sum, { block }) => sum + block.bytes, VIRT_RAM_BASE)
  const plugged = new Plugging(facts.affinity?.pluggable ?? pluggable(Math.ceil(end / GIB) * GIB))
  plugged.virtioMems(facts.virtioMems, [...blocks.values()])
  plugged.dimms(
    backends.filter((block) => !first.includes(block)),
    facts.affinity?.persistent ?? [],
  )
  return new RamMap([...placed, ...plugged.placed], plugged.unlocated(), offset)
}

const backendName = (name: string): string => name.replace(BACKEND_PATH, '')

const pluggable = (base: number): GpaRange => ({ base: base as Gpa, bytes: PLUGGED_END - base })

function oneAfterTheOther(blocks: readonly RamBlock[]): PlacedBlock[] {
  let base = VIRT_RAM_BASE
  return blocks.map((block) => {
    const placed = { base: base as Gpa, block }
    base += block.bytes
    return placed
  })
}

/** The blocks of the RAM that the machine was started with, in the order of their addresses; undefined when that cannot be told. */
function startingRam(backends: readonly RamBlock[], affinity: MemoryAffinity | undefined): readonly RamBlock[] | undefined {
  const whole = backends.find(({ name }) => name === WHOLE_RAM)
  if (whole !== undefined || backends.length === 1) return [whole ?? backends[0]!]
  const named = backends.filter(({ name }) => /^ram-node\d+$/.test(name))
  const candidates = named.length > 0 ? named : backends
  return affinity !== undefined && affinity.nodes.length > 0 ? nodesBySize(candidates, affinity.nodes) : inOrder(candidates)
}

/** The backend of each node is the one of its size; those of one size are told apart by their names or their order. */
function nodesBySize(backends: readonly RamBlock[], nodes: readonly GpaRange[]): RamBlock[] | undefined {
  const all = nodes.reduce((sum, { bytes }) => sum + bytes, 0)
  const whole = backends.filter((block) => block.bytes === all)
  if (whole.length === 1) return whole
  const bySize = new Map<number, RamBlock[]>()
  for (const bytes of new Set(nodes.map((node) => node.bytes))) {
    const same = inOrder(backends.filter((block) => block.bytes === bytes))
    if (same?.length !== nodes.filter((node) => node.bytes === bytes).length) return undefined
    bySize.set(bytes, same)
  }
  return nodes.map(({ bytes }) => bySize.get(bytes)!.shift()!)
}

/**
 * Backends in the order of the numbers that end their names, or as they were created. A stream lists the largest blocks first, so
 * that its order tells only of those of one size.
 *
 * @source QEMU system/physmem.c, ram_block_add
 */
function inOrder(backends: readonly RamBlock[]): RamBlock[] | undefined {
  const numbered = backends.map((block) => ({ block, parts: /(.*?)(\d+)$/.exec(backendName(block.name)) }))
  const prefixes = new Set(numbered.map(({ parts }) => parts?.[1]))
  if (prefixes.size === 1 && !prefixes.has(undefined)) {
    return numbered.sort((a, b) => Number(a.parts![2]) - Number(b.parts![2])).map(({ block }) => block)
  }
  return new Set(backends.map(({ bytes }) => bytes)).size === 1 ? [...backends] : undefined
}

/** Memory in the region of what can be plugged. */
class Plugging {
  readonly placed: PlacedBlock[] = []
  readonly #region: GpaRange
  #lost = false

  constructor(region: GpaRange) {
    this.#region = region
  }

  virtioMems(devices: readonly VirtioMem[], blocks: readonly RamBlock[]): void {
    for (const { path, range } of devices) {
      for (const block of blocks.filter(({ name }) => name.startsWith(`${path}/`) && !name.endsWith('.rom'))) {
        if (range?.bytes === block.bytes) this.placed.push({ base: range.base, block })
        else this.#lost = true
      }
    }
  }

  dimms(blocks: readonly RamBlock[], persistent: readonly GpaRange[]): void {
    const rest = blocks.filter((block) => {
      const [range, more] = persistent.filter(({ bytes }) => bytes === block.bytes)
      const alone = blocks.filter(({ bytes }) => bytes === block.bytes).length === 1
      if (range === undefined || more !== undefined || !alone) return true
      this.placed.push({ base: range.base, block })
      return false
    })
    const [only, more] = rest
    if (only === undefined) return
    const { base } = this.#region
    const free = this.placed.every((other) => other.base >= base + only.bytes || other.base + other.block.bytes <= base)
    if (more === undefined && free) this.placed.push({ base, block: only })
    else this.#lost = true
  }

  /** What is left of the region, if there are blocks whose place is not known. */
  unlocated(): GpaRange[] {
    if (!this.#lost) return []
    const gaps: GpaRange[] = []
    let from: number = this.#region.base
    for (const { base, block } of [...this.placed].sort((a, b) => a.base - b.base)) {
      if (base > from) gaps.push({ base: from as Gpa, bytes: base - from })
      from = Math.max(from, base + block.bytes)
    }
    const end = this.#region.base + this.#region.bytes
    if (end > from) gaps.push({ base: from as Gpa, bytes: end - from })
    return gaps
  }
}
