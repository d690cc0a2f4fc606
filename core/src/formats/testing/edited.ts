import type { GicRegisters } from '../../abi/index.ts'
import type { Gpa } from '../../memory/index.ts'
import { applyEdits, type Edit, type SavedMachine } from '../index.ts'

/** The edits of the one file of a machine. */
export async function editsOf(
  machine: SavedMachine,
  pages: ReadonlyMap<Gpa, Uint8Array>,
  registers?: GicRegisters,
): Promise<readonly Edit[]> {
  const changes = await machine.edits(pages, registers)
  return changes.flatMap(({ edits }) => edits)
}

/** The one file of a machine once pages of RAM and registers have new contents. */
export async function edited(
  machine: SavedMachine,
  pages: ReadonlyMap<Gpa, Uint8Array>,
  registers?: GicRegisters,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of applyEdits(machine.files[0]!.source, await editsOf(machine, pages, registers))) pieces.push(piece)
  return new Uint8Array(Buffer.concat(pieces))
}
