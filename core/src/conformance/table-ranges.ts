import { ENTRY_BYTES, MAX_EVENTID_BITS } from '../abi/index.ts'
import { coalesce, type Gpa, type GpaRange, type ReadonlyMemory } from '../memory/index.ts'
import { dteBlocks, sweepTables, type TableView } from '../tables/index.ts'

/** The parts of RAM that a save writes: the flat device table or its second-level pages, the collection table and the ITTs. */
export function savedRanges(memory: ReadonlyMemory, view: TableView): GpaRange[] {
  const { deviceTable, collectionTable } = view
  const ranges: GpaRange[] = []
  if (collectionTable.valid) ranges.push({ base: collectionTable.base as Gpa, bytes: collectionTable.bytes })
  for (const { base, entries } of dteBlocks(memory, deviceTable)) ranges.push({ base, bytes: entries * ENTRY_BYTES })
  sweepTables(memory, view, {
    collection: () => {},
    device: (_deviceId, ittAddr, bits) => {
      ranges.push({ base: ittAddr, bytes: ENTRY_BYTES * 2 ** Math.min(bits, MAX_EVENTID_BITS) })
    },
    event: () => {},
  })
  return insideRam(memory, coalesce(ranges))
}

/** Cuts off what lies in holes; a page that a range touches only in part keeps that part. */
export function insideRam(memory: ReadonlyMemory, ranges: readonly GpaRange[]): GpaRange[] {
  return ranges.flatMap(({ base, bytes }) =>
    memory.ranges.flatMap((region) => {
      const start = Math.max(base, region.base)
      const end = Math.min(base + bytes, region.base + region.bytes)
      return start < end ? [{ base: start as Gpa, bytes: end - start }] : []
    }),
  )
}
