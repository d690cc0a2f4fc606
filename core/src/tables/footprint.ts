import {
  DTE,
  ENTRY_BYTES,
  FIRST_LPI,
  GICR_PENDBASER,
  GICR_PROPBASER,
  type GicRegisters,
  ID_LIMIT,
  L2_BYTES,
  MAX_EVENTID_BITS,
  queueShape,
  savedIts,
} from '../abi/index.ts'
import { coalesce, type Gpa, type GpaRange, PAGE_BYTES, type ReadonlyMemory } from '../memory/index.ts'
import { dteBlocks, eachWord } from './blocks.ts'
import { nextValidDte } from './scan.ts'
import { tableView } from './table-view.ts'

/**
 * The guest RAM that a restore of the ITS at index `its`, a sweep or a replay of its command queue needs next and that is not loaded yet. Called in
 * rounds, each followed by loading what it names, until it names nothing: first what the registers point at, then the pages
 * of the second level, then the ITTs of every valid DTE. Ranges are whole pages inside RAM, in order, without overlap.
 */
export function footprint(memory: ReadonlyMemory, registers: GicRegisters, its = 0): GpaRange[] {
  const named = notLoaded(memory, namedByRegisters(registers, its))
  if (named.length > 0) return named
  const { deviceTable } = tableView(registers, its)
  const blocks = dteBlocks(memory, deviceTable)
  const pages = notLoaded(memory, deviceTable.indirect ? blocks.map(({ base }) => ({ base, bytes: L2_BYTES })) : [])
  if (pages.length > 0) return pages
  return notLoaded(
    memory,
    blocks.flatMap(({ base, entries }) => ittRanges(memory, base, entries)),
  )
}

function namedByRegisters(registers: GicRegisters, its: number): GpaRange[] {
  const { deviceTable, collectionTable } = tableView(registers, its)
  const queue = queueShape(savedIts(registers, its).cbaser)
  const ranges = [deviceTable, collectionTable, queue].filter(({ valid }) => valid).map(({ base, bytes }) => range(base, bytes))
  for (const { propbaser, pendbaser } of registers.redistributors) {
    const { address, idBits } = GICR_PROPBASER.unpack(propbaser)
    const lpis = Math.min(2 ** (idBits + 1), ID_LIMIT) - FIRST_LPI
    if (lpis <= 0) continue
    ranges.push(range(address, lpis))
    ranges.push(range(GICR_PENDBASER.unpack(pendbaser).address, ID_LIMIT / 8))
  }
  return ranges
}

const range = (base: number, bytes: number): GpaRange => ({ base: base as Gpa, bytes })

function ittRanges(memory: ReadonlyMemory, base: Gpa, entries: number): GpaRange[] {
  const ranges: GpaRange[] = []
  const { ittAddr, size } = DTE.fields
  eachWord(memory, base, entries, nextValidDte, (_slot, lo, hi) => {
    const bits = Math.min(size.get(lo, hi) + 1, MAX_EVENTID_BITS)
    ranges.push(range(ittAddr.get(lo, hi), ENTRY_BYTES * 2 ** bits))
    return true
  })
  return ranges
}

/** The pages of `ranges` that lie in RAM and are not loaded. */
function notLoaded(memory: ReadonlyMemory, ranges: readonly GpaRange[]): GpaRange[] {
  const missing: GpaRange[] = []
  for (const { base, bytes } of coalesce(ranges)) {
    for (const ram of memory.ranges) {
      const start = Math.max(base, ram.base) - ram.base
      const end = Math.min(base + bytes, ram.base + ram.bytes) - ram.base
      for (let page = start - (start % PAGE_BYTES); page < end; page += PAGE_BYTES) {
        const at = (ram.base + page) as Gpa
        if (!memory.isLoaded(at)) missing.push(range(at, Math.min(PAGE_BYTES, ram.bytes - page)))
      }
    }
  }
  return coalesce(missing)
}
