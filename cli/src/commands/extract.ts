import { gzipSync } from 'node:zlib'
import { copy, scrubInto } from '@vits/core/extract'
import { writeCase } from '@vits/core/formats'
import type { Loaded } from '@vits/core/inspect'
import { type GpaRange, PAGE_BYTES } from '@vits/core/memory'
import { wholePages } from '@vits/core/tables'
import { ringWords } from '@vits/core/virtio'
import { command, flag, text } from '../command.ts'
import { DiskError, fileOf } from '../disk.ts'
import { ExitCode } from '../exit-code.ts'
import { failing, UsageError } from '../failure.ts'
import { withSavedMachine } from '../load.ts'
import { count } from '../render/words.ts'
import { refuseToReplace } from '../repair/write-repaired.ts'

/** Takes out of a saved VM what decides about its interrupts, small enough to send and without the guest's data. */
export const extract = command({
  name: 'extract',
  args: '<file>',
  summary: 'write a case file: what decides about the interrupts, and nothing else of the VM',
  details:
    'Registers, MSI and virtio state of the PCI functions, and the pages that hold ITS tables, ITTs, the command queue, the LPI tables\n' +
    'and the indices of virtqueues.\n' +
    'A case opens like the saved VM itself (check, show, repair, prove). ITTs are small: their pages hold other guest data too,\n' +
    'which --scrub blanks. The format is in docs/formats/case.md.',
  examples: ['extract vm.migr -o vm.vits', 'extract --scrub vm.migr -o vm.vits', 'extract --guest-kernel vm.migr -o vm.vits'],
  options: {
    output: text('-o, --output <file>', 'where to write the case (gzip)'),
    scrub: flag('--scrub', 'blank what is not the ITS’s in those pages'),
    guestKernel: flag('--guest-kernel', 'keep also what the guest’s kernel knows of its devices: its list, and its BTF'),
    force: flag('--force', 'replace the output file if there is one'),
  },
  run: ([file = ''], { output, scrub, force, guestKernel: keepsKernel }, io) => {
    if (output === undefined) throw new UsageError('say where to write: -o FILE')
    return failing(file, io, async () => {
      await refuseToReplace(file, output, force, io)
      const asking = { judges: [], guestKernel: keepsKernel ? 'always' : 'never' } as const
      return withSavedMachine(file, io, asking, async ({ machine, inspection: { loaded, scenes } }) => {
        const kernel = keepsKernel ? structuresOf(loaded) : []
        const pages = wholePages(loaded.memory, [...loaded.ranges, ...kernel])
        await machine.load(loaded.memory, pages)
        const memory = scrub ? machine.memory() : loaded.memory
        if (scrub && !scrubInto(memory, loaded.memory, machine.registers, pages, scenes[0]!.budget))
          throw new DiskError('the tables hold more than is looked at, and a scrubbed case would lack it: leave --scrub out')
        if (scrub) for (const range of [...kernel, ...ringWords(machine.virtio)]) copy(memory, loaded.memory, range)
        const packed = gzipSync(await writeCase(machine, memory, pages), { level: 9 })
        await io.disk.create(output, fileOf(packed))
        const kept = pages.reduce((sum, { bytes }) => sum + bytes / PAGE_BYTES, 0)
        io.out(
          `${output}: ${count(packed.length, 'byte')} for ${count(kept, 'page')} of guest RAM${scrub ? ', scrubbed' : ''}.\n`,
        )
        return ExitCode.Ok
      })
    })
  },
})

/** The bytes that the guest kernel's lists were read from. */
function structuresOf({ guestKernel }: Loaded): readonly GpaRange[] {
  for (const outcome of guestKernel?.itses ?? []) {
    if ('missing' in outcome) throw new DiskError(`the guest kernel's list is not there to be kept: ${outcome.missing.reason}`)
  }
  return guestKernel?.read ?? []
}
