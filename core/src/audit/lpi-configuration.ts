import { FIRST_LPI, GICR_PROPBASER, type GicRegisters, LPI_CONFIG } from '../abi/index.ts'
import type { Gpa, ReadonlyMemory } from '../memory/index.ts'
import { ifThere } from './if-there.ts'

/** Where the configuration byte of an LPI lies: KVM has one GICR_PROPBASER for the whole VM. */
export const configurationAt = ({ redistributors }: GicRegisters, lpi: number): Gpa =>
  (GICR_PROPBASER.unpack(redistributors[0]?.propbaser ?? 0n).address + lpi - FIRST_LPI) as Gpa

/** Undefined where the configuration cannot be read. */
export function isLpiEnabled(memory: ReadonlyMemory, registers: GicRegisters, lpi: number): boolean | undefined {
  const byte = ifThere(() => memory.u8(configurationAt(registers, lpi)))
  return byte === undefined ? undefined : LPI_CONFIG.decode(byte, 0).enable
}
