import { readFileSync } from 'node:fs'
import { bytesSource, open } from '@vits/core'
import { lpiRanges, pendingLpis } from '@vits/core/tables'

/** LPIs that are pending in the tables of a save, each with the vCPU whose table has its bit. */
export async function pendingInFile(file: string): Promise<Map<number, number>> {
  const machine = await open(bytesSource(readFileSync(file)))
  const memory = machine.memory()
  await machine.load(memory, lpiRanges(machine.registers))
  return new Map(
    machine.registers.redistributors.flatMap(({ vcpuId, pendbaser }) => {
      return pendingLpis(memory, pendbaser).lpis.map((lpi): [number, number] => [lpi, vcpuId])
    }),
  )
}
