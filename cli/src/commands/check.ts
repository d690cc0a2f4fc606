import { NEWEST, releasedKernels } from '@vits/core/abi'
import type { KernelRow, Report, Verdict } from '@vits/core/audit'
import { checkDocument } from '@vits/core/documents'
import { type ExitBits, ExitCode } from '../exit-code.ts'
import { failing } from '../failure.ts'
import { otherFiles } from '../files-option.ts'
import { askingKernel } from '../guest-kernel-option.ts'
import { withSavedMachine } from '../load.ts'
import { jsonText } from '../printable.ts'
import { profileNamed } from '../profile-named.ts'
import { kernelLines } from '../render/kernels-text.ts'
import { reportText } from '../render/report-text.ts'
import type { check } from '../usage/check.ts'
import type { Run } from '../usage.ts'

/** Says whether the interrupts of saved VMs will come back. Never writes. */
export const run: Run<typeof check> = async (
  files,
  { json, kernel, strict, whyHang: byHang, verbose, guestKernel: always, ...more },
  io,
) => {
  const all = kernel === 'all'
  const others = otherFiles(more, files)
  const profile = profileNamed(kernel === undefined || all ? NEWEST : kernel, io)
  let bits: ExitBits = ExitCode.Ok
  for (const [i, file] of files.entries()) {
    bits |= await failing(file, io, () =>
      withSavedMachine(file, io, { others, kernel: profile, ...askingKernel(always) }, ({ machine, inspection }) => {
        const reports = inspection.audit()
        const kernels = inspection.judge()
        const found = { file, machine, reports, kernels }
        if (json) io.out(jsonText(checkDocument(found, byHang), files.length > 1 ? 0 : 2))
        else {
          const options = { kernels: kernelLines(kernels, profile.id, all, io.style), rules: verbose, byHang }
          io.out(`${i > 0 ? '\n' : ''}${reportText(found, options, io.style)}`)
        }
        return exitBits(reports, strict) | (all ? kernelBits(kernels) : ExitCode.Ok)
      }),
    )
  }
  return bits
}

function exitBits(reports: readonly Report[], strict: boolean): ExitBits {
  const counts = ({ verdict, findings }: Report) =>
    isHarm(verdict) || (strict && findings.some(({ severity }) => severity === 'latent'))
  const isSeen = reports.every(({ gaps }) => gaps.length === 0)
  return (reports.some(counts) ? ExitCode.Problems : ExitCode.Ok) | (isSeen ? ExitCode.Ok : ExitCode.Undecided)
}

const isHarm = (verdict: Verdict): boolean => verdict === 'fails' || verdict === 'corrupts'

/** Every released kernel must restore cleanly; what the proposal makes of a VM is nobody's problem. */
function kernelBits(kernels: readonly KernelRow[]): ExitBits {
  const verdicts = kernels.flatMap(({ kernel, verdict }) => (releasedKernels.includes(kernel) ? verdict : []))
  const bits = verdicts.some(isHarm) ? ExitCode.Problems : ExitCode.Ok
  return bits | (verdicts.includes('undecided') ? ExitCode.Undecided : ExitCode.Ok)
}
