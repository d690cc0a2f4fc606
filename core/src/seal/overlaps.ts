import { ENTRY_BYTES } from '../abi/index.ts'
import type { ReadonlyMemory } from '../memory/index.ts'
import { dteBlocks, type TableView } from '../tables/index.ts'

/** A table's bytes: a device's ITT, or with DeviceID -1 one of the tables that registers name. */
interface Stretch {
  readonly base: number
  readonly end: number
  readonly deviceId: number
}

/** The bytes of the 2^bits entries of a device's ITT. */
export const ittStretch = (deviceId: number, ittAddr: number, eventIdBits: number): Stretch => ({
  base: ittAddr,
  end: ittAddr + (ENTRY_BYTES << eventIdBits),
  deviceId,
})

/** The DeviceIDs whose ITT shares bytes with another device's, or with the device or collection table; in address order. */
export function overlappingItts(
  memory: ReadonlyMemory,
  { deviceTable, collectionTable }: Pick<TableView, 'deviceTable' | 'collectionTable'>,
  itts: readonly Stretch[],
): number[] {
  const tables = [deviceTable, collectionTable].filter(({ valid }) => valid)
  const stretches = [
    ...tables.map(({ base, bytes }) => ({ base, end: base + bytes, deviceId: -1 })),
    ...(deviceTable.indirect ? dteBlocks(memory, deviceTable) : []).map(({ base, entries }) => ({
      base,
      end: base + entries * ENTRY_BYTES,
      deviceId: -1,
    })),
    ...itts,
  ].sort((a, b) => a.base - b.base)
  const found: number[] = []
  let furthest: Stretch = { base: 0, end: 0, deviceId: -1 }
  for (const stretch of stretches) {
    const deviceId = Math.max(stretch.deviceId, furthest.deviceId)
    if (stretch.base < furthest.end && deviceId >= 0) found.push(deviceId)
    if (stretch.end > furthest.end) furthest = stretch
  }
  return found
}
