import type { GicRegisters } from '../abi/index.ts'
import { coalesce, type GpaRange, type ReadonlyMemory } from '../memory/index.ts'
import { repairFootprint } from '../repair/index.ts'

/**
 * The guest RAM that a case takes along and that is not loaded yet, in rounds as `footprint`: what a repair needs of any ITS of the
 * machine.
 */
export function caseFootprint(memory: ReadonlyMemory, registers: GicRegisters): GpaRange[] {
  return coalesce(registers.itses.flatMap((_, its) => repairFootprint(memory, registers, its)))
}
