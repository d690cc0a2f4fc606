import { ENTRY_BYTES, L1E, L2_BYTES, MAX_EVENTID_BITS } from '../abi/index.ts'
import { coalesce, type Gpa, type GpaRange, type ReadonlyMemory } from '../memory/index.ts'
import { sweepTables, type TableView } from '../tables/index.ts'

/** The parts of RAM that a save writes: the flat device table or its second-level pages, the collection table and the ITTs. */
export function savedRanges(memory: ReadonlyMemory, view: TableView): GpaRange[] {
  const { deviceTable, collectionTable } = view
  const ranges: GpaRange[] = []
  if (collectionTable.valid) ranges.push({ base: collectionTable.base as Gpa, bytes: collectionTable.bytes })
  if (deviceTable.valid && !deviceTable.indirect) ranges.push({ base: deviceTable.base as Gpa, bytes: deviceTable.bytes })
  if (deviceTable.valid && deviceTable.indirect) ranges.push(...secondLevel(memory, deviceTable.base, deviceTable.bytes))
  sweepTables(memory, view, {
    collection: () => {},
    device: (_deviceId, ittAddr, bits) => {
      ranges.push({ base: ittAddr, bytes: ENTRY_BYTES * 2 ** Math.min(bits, MAX_EVENTID_BITS) })
    },
    event: () => {},
  })
  return insideRam(memory, coalesce(ranges))
}

function secondLevel(memory: ReadonlyMemory, base: number, bytes: number): GpaRange[] {
  const pages: GpaRange[] = []
  const { valid, l2Addr } = L1E.fields
  for (let at = base; at < base + bytes; at += ENTRY_BYTES) {
    if (!memory.contains(at as Gpa, ENTRY_BYTES)) continue
    const [lo, hi] = [memory.u32(at as Gpa), memory.u32((at + 4) as Gpa)]
    if (valid.get(lo, hi) === 1) pages.push({ base: l2Addr.get(lo, hi) as Gpa, bytes: L2_BYTES })
  }
  return pages
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
