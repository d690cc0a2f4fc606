import { type Gpa, type GpaRange, PAGE_BYTES } from '../../memory/index.ts'
import { FormatError } from '../format-error.ts'
import type { RamBlock } from './ram-block.ts'

/** Where the virt machine has its RAM; a stream has no addresses. */
const VIRT_RAM_BASE = 0x4000_0000
const LARGEST_REGION = 2 ** 44

/** Blocks of the virt machine, and of what can be plugged into it, that are not its RAM. */
const DEVICE_BLOCKS = /^virt\.(flash|secure)|^\/rom@|^pvtime$|\.rom$|vram|[/:]/

/** Guest RAM: blocks one after the other from the machine's RAM base. */
export class RamMap {
  readonly base = VIRT_RAM_BASE as Gpa
  readonly bytes: number
  readonly #blocks: readonly RamBlock[]

  constructor(blocks: readonly RamBlock[]) {
    this.#blocks = blocks
    this.bytes = blocks.reduce((sum, block) => sum + block.bytes, 0)
  }

  get ranges(): readonly GpaRange[] {
    return [{ base: this.base, bytes: this.bytes }]
  }

  /** The block that holds RAM byte `offset`, and the number of its page there. */
  find(offset: number): { readonly block: RamBlock; readonly page: number } {
    let start = 0
    for (const block of this.#blocks) {
      if (offset < start + block.bytes) return { block, page: Math.floor((offset - start) / PAGE_BYTES) }
      start += block.bytes
    }
    throw new RangeError(`0x${offset.toString(16)} is not an offset in guest RAM`)
  }

  /** Offsets of the pages of RAM that `ranges` touch, in their order. */
  *pages(ranges: readonly GpaRange[]): Generator<number> {
    for (const { base, bytes } of ranges) {
      const from = Math.max(0, base - this.base)
      const end = Math.min(this.bytes, base - this.base + bytes)
      for (let offset = from - (from % PAGE_BYTES); offset < end; offset += PAGE_BYTES) yield offset
    }
  }
}

/**
 * Picks the blocks that are guest RAM: `mach-virt.ram`, or the memory backends of NUMA nodes in node order, or the only block
 * that is not a device's.
 */
export function ramMap(machine: string, blocks: ReadonlyMap<string, RamBlock>, offset: number): RamMap {
  if (!machine.startsWith('virt')) throw new FormatError(0, 'a stream of the arm64 "virt" machine', `machine "${machine}"`)
  const map = new RamMap(guestRam(blocks, offset))
  if (map.bytes === 0 || map.bytes > LARGEST_REGION) throw new FormatError(offset, 'guest RAM', `${map.bytes} bytes of it`)
  return map
}

function guestRam(blocks: ReadonlyMap<string, RamBlock>, offset: number): RamBlock[] {
  const whole = blocks.get('mach-virt.ram')
  if (whole !== undefined) return [whole]
  const nodes = [...blocks.values()].filter(({ name }) => /^ram-node\d+$/.test(name))
  if (nodes.length > 0) return nodes.sort((a, b) => nodeNumber(a) - nodeNumber(b))
  const others = [...blocks.values()].filter(({ name }) => !DEVICE_BLOCKS.test(name))
  if (others.length === 1) return others
  const found = [...blocks.keys()].map((name) => `"${name}"`).join(', ') || 'none'
  throw new FormatError(offset, 'a RAM block mach-virt.ram, or ram-node0 and so on', found)
}

function nodeNumber({ name }: RamBlock): number {
  return Number(name.slice('ram-node'.length))
}
