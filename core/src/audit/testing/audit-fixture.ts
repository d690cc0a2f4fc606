import type { SavedMachine } from '../../formats/index.ts'
import { openCase, openFixture } from '../../formats/testing/fixtures.ts'
import { footprint } from '../../tables/index.ts'
import type { AuditInput } from '../index.ts'

/** A saved VM of fixtures/saved with everything loaded that an audit looks at. */
export const auditFixture = async (name: string): Promise<AuditInput> => looked(await openFixture(name))

/** A case of fixtures/saved in the same way. */
export const auditCase = async (name: Parameters<typeof openCase>[0]): Promise<AuditInput> => looked(await openCase(name))

async function looked(machine: SavedMachine): Promise<AuditInput> {
  const memory = machine.memory()
  for (;;) {
    const ranges = footprint(memory, machine.registers)
    if (ranges.length === 0) return { memory, registers: machine.registers, msi: machine.msi }
    await machine.load(memory, ranges)
  }
}
