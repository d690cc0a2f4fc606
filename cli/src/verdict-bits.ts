import { releasedKernels } from '@vits/core/abi'
import type { KernelRow, Report, Verdict } from '@vits/core/audit'
import { type ExitBits, ExitCode } from './exit-code.ts'

/** What reports of a VM come to; `strict`: leftovers count as problems. */
export function exitBits(reports: readonly Report[], strict: boolean): ExitBits {
  const counts = ({ verdict, findings }: Report) =>
    isHarm(verdict) || (strict && findings.some(({ severity }) => severity === 'latent'))
  const isSeen = reports.every(({ gaps }) => gaps.length === 0)
  return (reports.some(counts) ? ExitCode.Problems : ExitCode.Ok) | (isSeen ? ExitCode.Ok : ExitCode.Undecided)
}

const isHarm = (verdict: Verdict): boolean => verdict === 'fails' || verdict === 'corrupts'

/** Every released kernel must restore cleanly; what the proposal makes of a VM is nobody's problem. */
export function kernelBits(kernels: readonly KernelRow[]): ExitBits {
  const verdicts = kernels.flatMap(({ kernel, verdict }) => (releasedKernels.includes(kernel) ? verdict : []))
  const bits = verdicts.some(isHarm) ? ExitCode.Problems : ExitCode.Ok
  return bits | (verdicts.includes('undecided') ? ExitCode.Undecided : ExitCode.Ok)
}
