import type { SavedMachine } from '../../formats/index.ts'
import { openFixture } from '../../formats/testing/fixtures.ts'
import { footprint } from '../../tables/index.ts'
import type { AuditInput } from '../index.ts'

/** A saved VM of fixtures/saved with everything loaded that an audit looks at. */
export async function auditFixture(name: string): Promise<AuditInput> {
  const machine: SavedMachine = await openFixture(name)
  const memory = machine.memory()
  for (;;) {
    const ranges = footprint(memory, machine.registers)
    if (ranges.length === 0) return { memory, registers: machine.registers, msi: machine.msi }
    await machine.load(memory, ranges)
  }
}
