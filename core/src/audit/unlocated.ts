import { ENTRY_BYTES, type GicRegisters } from '../abi/index.ts'
import { coalesce, type Gpa, type GpaRange, PAGE_BYTES, type ReadonlyMemory } from '../memory/index.ts'
import { dteBlocks, dteRanges, ittBytes, ittRanges, registerRanges, tableView } from '../tables/index.ts'
import { deviceName } from './names.ts'
import type { Tables } from './simulate.ts'

/** The part of an audit's input that is about where RAM is. */
interface Placed {
  readonly memory: ReadonlyMemory
  readonly registers: GicRegisters
  readonly its?: number
  readonly unlocated?: readonly GpaRange[]
}

/** Pieces of RAM that are made for tables in RAM whose address is not known; more are no sane guest's. */
const MOST_PIECES = 1024

/**
 * The input with blank pages wherever a restore reads at an address at which RAM may be that the file does not place: KVM will find
 * RAM there, so that no EFAULT is foretold. What it holds is not known, see `Unread`.
 */
export function withBlanks<Input extends Placed>(input: Input): Input {
  const { memory, registers, unlocated = [] } = input
  if (unlocated.length === 0) return input
  let seen = memory
  for (const its of registers.itses.keys()) {
    const { deviceTable } = tableView(registers, its)
    seen = blanked(seen, unlocated, registerRanges(registers, its))
    seen = blanked(seen, unlocated, dteRanges(seen, deviceTable))
    seen = blanked(seen, unlocated, ittRanges(seen, deviceTable))
  }
  return { ...input, memory: seen }
}

function blanked(memory: ReadonlyMemory, unlocated: readonly GpaRange[], ranges: readonly GpaRange[]): ReadonlyMemory {
  const pages = ranges.flatMap(({ base, bytes }) => {
    const first = base - (base % PAGE_BYTES)
    return parts({ base: first as Gpa, bytes: Math.ceil((base + bytes - first) / PAGE_BYTES) * PAGE_BYTES }, unlocated)
  })
  const missing = coalesce(pages).filter(({ base }) => !memory.contains(base))
  if (missing.length === 0) return memory
  const copy = memory.fork()
  for (const { base, bytes } of missing.slice(0, MOST_PIECES)) copy.addRegion({ base, bytes, backing: 'sparse' })
  return copy
}

function parts({ base, bytes }: GpaRange, within: readonly GpaRange[]): GpaRange[] {
  return within.flatMap((range) => {
    const start = Math.max(base, range.base)
    const end = Math.min(base + bytes, range.base + range.bytes)
    return start < end ? [{ base: start as Gpa, bytes: end - start }] : []
  })
}

/** What of one ITS lies where RAM may be whose address is not known, so that nothing is known of it. */
export class Unread {
  /** Nothing is known of any device: a table that the registers name lies there. */
  readonly all: boolean
  readonly #deviceIds = new Set<number>()
  readonly #blocks: readonly { readonly first: number; readonly end: number }[]

  constructor({ registers, its = 0, unlocated = [], memory }: Placed, tables: () => Tables) {
    const lies = (base: number, bytes: number) => parts({ base: base as Gpa, bytes }, unlocated).length > 0
    const named = unlocated.length === 0 ? [] : registerRanges(registers, its)
    this.all = named.some(({ what, base, bytes }) => what !== 'command queue' && lies(base, bytes))
    const blocks = unlocated.length === 0 ? [] : dteBlocks(memory, tableView(registers, its).deviceTable)
    this.#blocks = blocks
      .filter(({ base, entries }) => lies(base, entries * ENTRY_BYTES))
      .map(({ firstId, entries }) => ({ first: firstId, end: firstId + entries }))
    if (unlocated.length === 0) return
    for (const { deviceId, ittAddr, eventIdBits } of tables().mappings.devices) {
      if (lies(ittAddr, ittBytes(eventIdBits))) this.#deviceIds.add(deviceId)
    }
  }

  /** Devices whose ITT lies there, and tables or pages of DTEs. */
  get count(): number {
    return this.#deviceIds.size + this.#blocks.length + Number(this.all)
  }

  /** One of them, in words. */
  get first(): string {
    if (this.all) return 'A table that the registers name'
    const [deviceId] = this.#deviceIds
    return deviceId === undefined ? 'A page of the device table' : `The ITT of ${deviceName(deviceId)}`
  }

  /** Of the device itself nothing is known. */
  device(deviceId: number): boolean {
    return this.all || this.#blocks.some(({ first, end }) => deviceId >= first && deviceId < end)
  }

  /** Of the device's events nothing is known. */
  events(deviceId: number): boolean {
    return this.#deviceIds.has(deviceId) || this.device(deviceId)
  }
}
