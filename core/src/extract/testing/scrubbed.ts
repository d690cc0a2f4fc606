import { bytesSource, openSavedMachine, type SavedMachine, writeCase } from '../../formats/index.ts'
import { inspect } from '../../inspect/index.ts'
import { wholePages } from '../../tables/index.ts'
import { ringWords } from '../../virtio/index.ts'
import { copy, scrubInto } from '../index.ts'

/** The scrubbed case of a saved machine, written and opened again: what `extract --scrub` makes of it. */
export async function scrubbed(machine: SavedMachine): Promise<SavedMachine> {
  const { loaded, scenes } = await inspect(machine, { guestKernel: 'never' })
  const pages = wholePages(loaded.memory, loaded.ranges)
  await machine.load(loaded.memory, pages)
  const blank = machine.memory()
  if (!scrubInto(blank, loaded.memory, machine.registers, pages, scenes[0]!.share('sweep')))
    throw new Error('not all was looked at')
  for (const range of ringWords(machine.virtio)) copy(blank, loaded.memory, range)
  return openSavedMachine(bytesSource(await writeCase(machine, blank, pages)))
}
