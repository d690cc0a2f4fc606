import type { GicRegisters } from '../abi/index.ts'
import { coalesce, type Gpa, type GpaRange, type ReadonlyMemory } from '../memory/index.ts'
import { dteRanges, ittRanges, registerRanges, tableView } from '../tables/index.ts'

/** The parts of RAM that a save writes: the flat device table or its second-level pages, the collection table and the ITTs. */
export function savedRanges(memory: ReadonlyMemory, registers: GicRegisters, its?: number): GpaRange[] {
  const { deviceTable } = tableView(registers, its)
  const collectionTable = registerRanges(registers, its).filter(({ what }) => what === 'collection table')
  const ranges = [...collectionTable, ...dteRanges(memory, deviceTable), ...ittRanges(memory, deviceTable)]
  return insideRam(memory, coalesce(ranges))
}

/** Cuts off what lies in holes; a page that a range touches only in part keeps that part. */
export function insideRam(memory: Pick<ReadonlyMemory, 'ranges'>, ranges: readonly GpaRange[]): GpaRange[] {
  return ranges.flatMap(({ base, bytes }) =>
    memory.ranges.flatMap((region) => {
      const start = Math.max(base, region.base)
      const end = Math.min(base + bytes, region.base + region.bytes)
      return start < end ? [{ base: start as Gpa, bytes: end - start }] : []
    }),
  )
}
