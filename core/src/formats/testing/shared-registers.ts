import { GICR_PENDBASER } from '../../abi/index.ts'
import { type Gpa, PAGE_BYTES } from '../../memory/index.ts'
import { writeCase } from '../index.ts'
import { openCase } from './fixtures.ts'

/**
 * The case of a real VM with two vCPUs, of which both have the registers of the first, as Cloud Hypervisor saved them; these LPIs are
 * pending on the second.
 */
export async function sharingCase(...lpis: readonly number[]): Promise<Uint8Array> {
  const machine = await openCase('bridge-s2-kernel')
  const [first, second] = machine.registers.redistributors
  const { address } = GICR_PENDBASER.unpack(second!.pendbaser)
  const pages = machine.ranges.flatMap(({ base, bytes }) =>
    Array.from({ length: bytes / PAGE_BYTES }, (_, page) => ({ base: (base + page * PAGE_BYTES) as Gpa, bytes: PAGE_BYTES })),
  )
  const kept = pages.filter((page) => machine.missingPages([page]).length === 0)
  const memory = machine.memory()
  await machine.load(memory, kept)
  for (const lpi of lpis) memory.setU8((address + Math.floor(lpi / 8)) as Gpa, 1 << (lpi % 8))
  return writeCase(machine, memory, kept, { ...machine.registers, redistributors: [first!, { ...first!, vcpuId: 1 }] })
}
