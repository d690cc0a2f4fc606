import { copy, scrubInto } from '@vits/core/extract'
import { writeCase } from '@vits/core/formats'
import type { Loaded } from '@vits/core/inspect'
import { type GpaRange, PAGE_BYTES } from '@vits/core/memory'
import { wholePages } from '@vits/core/tables'
import { ringWords } from '@vits/core/virtio'
import { DiskError, fileOf } from '../disk.ts'
import { ExitCode } from '../exit-code.ts'
import { failing, UsageError } from '../failure.ts'
import { withSavedMachine } from '../files/load.ts'
import { packedCase } from '../files/packed-case.ts'
import { otherFiles } from '../options/files.ts'
import { printable } from '../printable.ts'
import { fit } from '../render/layout.ts'
import { count } from '../render/words.ts'
import { refuseOutput } from '../repair/refuse-output.ts'
import { narrowest } from '../repair/write-repaired.ts'
import type { extract } from '../usage/extract.ts'
import type { Run } from '../usage.ts'

/** Takes out of a saved VM what decides about its interrupts, small enough to send and without the guest's data. */
export const run: Run<typeof extract> = ([file = ''], { output, scrub, force, guestKernel: keepsKernel, ...more }, io) => {
  if (output === undefined) throw new UsageError('say where to write: -o FILE')
  return failing(file, io, async () => {
    await refuseOutput(file, { path: output, force }, io)
    if ((await io.list(output)) !== undefined) throw new DiskError(`${output} is a folder: name a file in it`)
    // What lies behind the tables decides on old kernels too, and is the guest's data unless it is scrubbed.
    const asking = {
      others: otherFiles(more, [file]),
      ...(!scrub && { judges: [] }),
      guestKernel: keepsKernel ? 'always' : 'never',
    } as const
    return withSavedMachine(file, io, asking, async ({ machine, identities, inspection: { loaded, scenes } }) => {
      const kernel = keepsKernel ? structuresOf(loaded) : []
      const pages = wholePages(loaded.memory, [...loaded.ranges, ...kernel])
      await machine.load(loaded.memory, pages)
      const memory = scrub ? machine.memory() : loaded.memory
      if (scrub && !scrubInto(memory, loaded.memory, machine.registers, pages, scenes[0]!.share('sweep')))
        throw new DiskError('the tables hold more than is looked at, and a scrubbed case would lack it: leave --scrub out')
      if (scrub) for (const range of [...kernel, ...ringWords(machine.virtio)]) copy(memory, loaded.memory, range)
      const packed = await packedCase(await writeCase(machine, memory, pages), output)
      await io.disk.create(output, fileOf(packed, narrowest(machine.files.map(({ name }) => identities.get(name)))), {
        replace: force,
        // Read to its end, and its checksum compared.
        approve: (path) => withSavedMachine(path, io, { judges: [], guestKernel: 'never' }, async () => {}),
      })
      const kept = pages.reduce((sum, { bytes }) => sum + bytes / PAGE_BYTES, 0)
      const text = `${printable(output)}: ${count(packed.length, 'byte')} for ${count(kept, 'page')} of guest RAM${scrub ? ', scrubbed' : ''}.\n`
      io.out(fit(text, io.style))
      return ExitCode.Ok
    })
  })
}

/** The bytes that the guest kernel's lists were read from. */
function structuresOf({ guestKernel }: Loaded): readonly GpaRange[] {
  for (const outcome of guestKernel?.itses ?? []) {
    if ('missing' in outcome) throw new DiskError(`the guest kernel's list is not there to be kept: ${outcome.missing.reason}`)
  }
  return guestKernel?.read ?? []
}
