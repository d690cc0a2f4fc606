import { gzipSync } from 'node:zlib'
import { type Inspection, inspect, type SavedMachine } from '@vits/core'
import { copy, scrubInto } from '@vits/core/extract'
import { writeCase } from '@vits/core/formats'
import { wholePages } from '@vits/core/tables'
import { ringWords } from '@vits/core/virtio'
import { DiskError } from '../disk.ts'

/**
 * The case that a page carries, packed: everything that `inspection` looked at, so that the page comes to the same answers. What old
 * kernels read behind the tables is the guest's data, and is blanked as a scrubbed case blanks it; `isScrubbed`: so is all else that is
 * not the ITS's.
 */
export async function carriedCase(
  machine: SavedMachine,
  { loaded, scenes }: Inspection,
  isScrubbed: boolean,
): Promise<Uint8Array> {
  const kernel = loaded.guestKernel?.read ?? []
  const pages = wholePages(loaded.memory, [...loaded.ranges, ...kernel])
  await machine.load(loaded.memory, pages)
  const memory = machine.memory()
  const isWhole = scrubInto(memory, loaded.memory, machine.registers, pages, scenes[0]!.share('sweep'))
  if (isScrubbed && !isWhole)
    throw new DiskError('the tables hold more than is looked at, and a scrubbed page would lack it: leave --scrub out')
  const own = isScrubbed ? ringWords(machine.virtio) : await tablesOf(machine)
  for (const range of [...kernel, ...own]) copy(memory, loaded.memory, range)
  return gzipSync(await writeCase(machine, memory, pages), { level: 9 })
}

/** The pages that hold the tables, and nothing behind them. */
async function tablesOf(machine: SavedMachine) {
  const { loaded } = await inspect(machine, { judges: [], guestKernel: 'never' })
  return wholePages(loaded.memory, loaded.ranges)
}
