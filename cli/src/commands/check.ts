import { checkDocument } from '@vits/core/documents'
import { type ExitBits, ExitCode } from '../exit-code.ts'
import { failing, UsageError } from '../failure.ts'
import { otherFiles, otherWords } from '../files-option.ts'
import { askingKernel } from '../guest-kernel-option.ts'
import { withSavedMachine } from '../load.ts'
import { jsonText, shellWord } from '../printable.ts'
import { judgedKernel, judgedWords } from '../profile-named.ts'
import { kernelLines } from '../render/kernels-text.ts'
import { reportText } from '../render/report-text.ts'
import { undoBeside, undoWords } from '../repair/undo-beside.ts'
import type { check } from '../usage/check.ts'
import type { Run } from '../usage.ts'
import { exitBits, kernelBits } from '../verdict-bits.ts'

/** Says whether the interrupts of saved VMs will come back. Never writes. */
export const run: Run<typeof check> = async (
  files,
  { json, kernel, strict, whyHang: byHang, verbose, guestKernel: always, vgicItsState: debugfs, ...more },
  io,
) => {
  const all = kernel === 'all'
  const others = otherFiles(more, files)
  if (debugfs.length > 0 && files.length > 1) throw new UsageError('--vgic-its-state tells of one VM: name one')
  const judged = judgedKernel(all ? undefined : kernel, io)
  let bits: ExitBits = ExitCode.Ok
  for (const [i, file] of files.entries()) {
    bits |= await failing(file, io, () =>
      withSavedMachine(
        file,
        io,
        { others, debugfs, kernel: judged.profile, ...askingKernel(always) },
        async ({ machine, inspection, identities }) => {
          const reports = inspection.audit()
          const kernels = inspection.judge()
          const found = { file, machine, reports, kernels }
          const undo = await undoBeside({ files: machine.files, identities }, io)
          if (json)
            io.out(
              jsonText({ ...checkDocument(found, byHang), judged: judged.told, undo: undo ?? null }, files.length > 1 ? 0 : 2),
            )
          else {
            const options = {
              kernels: kernelLines(kernels, judged.profile.id, all, io.style),
              rules: verbose,
              byHang,
              judged: judgedWords(judged),
              more: otherWords(more),
            }
            io.out(`${i > 0 ? '\n' : ''}${reportText(found, options, io.style)}`)
            if (undo !== undefined) io.out(`\n${undoWords(undo, `vits undo ${shellWord(file)}`)}\n`)
          }
          return exitBits(reports, strict) | (all ? kernelBits(kernels) : ExitCode.Ok)
        },
      ),
    )
  }
  return bits
}
