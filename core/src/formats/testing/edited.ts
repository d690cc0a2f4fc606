import type { Gpa } from '../../memory/index.ts'
import { applyEdits, type Edit, type SavedMachine } from '../index.ts'

/** The edits of the one file of a machine. */
export async function editsOf(machine: SavedMachine, pages: ReadonlyMap<Gpa, Uint8Array>): Promise<readonly Edit[]> {
  const changes = await machine.edits(pages)
  return changes.flatMap(({ edits }) => edits)
}

/** The one file of a machine once pages of RAM have new contents. */
export async function edited(machine: SavedMachine, pages: ReadonlyMap<Gpa, Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of applyEdits(machine.files[0]!.source, await editsOf(machine, pages))) pieces.push(piece)
  return new Uint8Array(Buffer.concat(pieces))
}
