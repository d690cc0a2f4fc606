import type { GicRegisters } from '../abi/index.ts'
import { coalesce, type GpaRange, type ReadonlyMemory } from '../memory/index.ts'
import { dteRanges, ittRanges, lpiRanges, registerRanges } from './owned-ranges.ts'
import { tableView } from './table-view.ts'

/**
 * The guest RAM that a restore of the ITS at index `its`, a sweep or a replay of its command queue needs next and that is not loaded yet. Called in
 * rounds, each followed by loading what it names, until it names nothing: first what the registers point at, then the pages
 * of the second level, then the ITTs of every valid DTE. Ranges are whole pages inside RAM, in order, without overlap.
 */
export function footprint(memory: ReadonlyMemory, registers: GicRegisters, its = 0): GpaRange[] {
  const named = notLoaded(memory, [...registerRanges(registers, its), ...lpiRanges(registers)])
  if (named.length > 0) return named
  const { deviceTable } = tableView(registers, its)
  const pages = notLoaded(memory, dteRanges(memory, deviceTable))
  return pages.length > 0 ? pages : notLoaded(memory, ittRanges(memory, deviceTable))
}

/** The pages of `ranges` that lie in RAM and are not loaded. */
const notLoaded = (memory: ReadonlyMemory, ranges: readonly GpaRange[]): GpaRange[] =>
  coalesce(coalesce(ranges).flatMap((range) => [...memory.notLoaded(range)]))
