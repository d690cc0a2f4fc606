import { ENTRY_BYTES, type GicRegisters, savedIts } from '../abi/index.ts'
import { readHistory } from '../audit/index.ts'
import { coalesce, type GpaRange, type ReadonlyMemory } from '../memory/index.ts'
import { footprint } from '../tables/index.ts'

/** How much may be loaded of ITTs that the command queue names, and what of that each part of RAM is. */
export interface IttRoom {
  readonly most: number
  readonly cost: (range: GpaRange) => number
}

/**
 * The guest RAM that a repair needs next and that is not loaded yet, in rounds as `footprint`: what a restore reads, and then
 * the ITTs of the devices that the command queue names, for tables that are blank: those first named that there is `room` for.
 */
export function repairFootprint(memory: ReadonlyMemory, registers: GicRegisters, its: number, room: IttRoom): GpaRange[] {
  const named = footprint(memory, registers, its)
  if (named.length > 0) return named
  const itts: GpaRange[] = []
  let spent = 0
  for (const { ittAddr, eventIdBits } of readHistory(memory, savedIts(registers, its)).devices.values()) {
    if (ittAddr === undefined || eventIdBits === undefined) continue
    const itt = { base: ittAddr, bytes: 2 ** eventIdBits * ENTRY_BYTES }
    if (!memory.contains(itt.base, itt.bytes)) continue
    spent += room.cost(itt)
    if (spent <= room.most && !memory.isLoaded(itt.base, itt.bytes)) itts.push(itt)
  }
  return coalesce(itts)
}
