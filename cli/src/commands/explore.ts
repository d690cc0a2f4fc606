import { DiskError, fileOf } from '../disk.ts'
import { type ExitBits, ExitCode } from '../exit-code.ts'
import { carriedCase } from '../explore/carried-case.ts'
import { type Carried, pageWithCases } from '../explore/page-with-cases.ts'
import { failing, UsageError } from '../failure.ts'
import { withSavedMachine } from '../files/load.ts'
import { otherFiles } from '../options/files.ts'
import { askingKernel } from '../options/guest-kernel.ts'
import { profileNearest } from '../options/profile-named.ts'
import { printable } from '../printable.ts'
import { count } from '../render/words.ts'
import { refuseOutput } from '../repair/refuse-output.ts'
import { narrowest } from '../repair/write-repaired.ts'
import type { explore } from '../usage/explore.ts'
import type { Run } from '../usage.ts'
import { exitBits } from '../verdict-bits.ts'

/** Writes a page that shows why a saved VM will not come back; of two saves, what changed between them. */
export const run: Run<typeof explore> = async (files, { output, kernel, scrub, force, guestKernel: always, ...more }, io) => {
  if (output === undefined) throw new UsageError('say where to write: -o FILE')
  if (files.length > 2) throw new UsageError('a page shows one saved VM, or two saves of one')
  const others = otherFiles(more, files)
  const profile = kernel === undefined ? undefined : profileNearest(kernel, io)
  const cases: Carried[] = []
  let bits: ExitBits = ExitCode.Ok
  let like: Parameters<typeof fileOf>[1]
  for (const file of files) {
    bits |= await failing(file, io, async () => {
      await refuseOutput(file, { path: output, force }, io)
      if ((await io.list(output)) !== undefined) throw new DiskError(`${output} is a folder: name a file in it`)
      const asking = { others, ...(profile && { kernel: profile }), ...askingKernel(always) }
      return withSavedMachine(file, io, asking, async ({ machine, identities, inspection }) => {
        const bytes = await carriedCase(machine, inspection, scrub)
        const files = machine.files.map(({ name }) => identities.get(name))
        like = narrowest(like === undefined ? files : [like, ...files])
        cases.push({ name: file, bytes, isScrubbed: scrub, kernel: profile?.id })
        return exitBits(inspection.audit(), false)
      })
    })
  }
  if (cases.length < files.length) return bits
  return bits | (await failing(output, io, () => write(output, cases, { force, like })))

  async function write(path: string, carried: readonly Carried[], how: { force: boolean; like: typeof like }): Promise<ExitBits> {
    const page = new TextEncoder().encode(pageWithCases(await io.reportPage(), carried))
    await io.disk.create(path, fileOf(page, how.like), { replace: how.force })
    io.out(
      `${printable(path)}: ${count(page.length, 'byte')}${scrub ? ', scrubbed' : ''}. Open it in a browser; it needs no network.\n`,
    )
    return ExitCode.Ok
  }
}
