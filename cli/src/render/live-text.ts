import { kernelSpans, releasedKernels } from '@vits/core/abi'
import type { KernelRow, Verdict } from '@vits/core/audit'
import type { LiveLook } from '../live/look.ts'
import { count } from './words.ts'

const MIB = 2 ** 20

/** What the look took, and on which kernels a save made now would come back. */
export function liveLines({ version, pause, reads, bytes }: LiveLook, most: number, kernels: readonly KernelRow[]): string[] {
  const { milliseconds } = pause
  const stood =
    milliseconds === undefined
      ? 'it was paused, and still is'
      : `paused for ${milliseconds.toFixed(1)} ms of ${most}, and runs again`
  const released = kernels.filter(({ kernel }) => releasedKernels.includes(kernel))
  return [
    `QEMU ${version}: ${stood}; ${(bytes / MIB).toFixed(1)} MiB of RAM in ${count(reads, 'piece')}.`,
    ...outcomes.flatMap(([words, verdicts]) => {
      const names = released.filter(({ verdict }) => verdicts.includes(verdict)).map(({ kernel }) => kernel)
      return names.length === 0 ? [] : [`A save of this VM now ${words}: ${kernelSpans(names).join(', ')}.`]
    }),
  ]
}

const outcomes: readonly (readonly [words: string, verdicts: readonly Verdict[]])[] = [
  ['would not restore on', ['fails']],
  ['would restore wrongly on', ['corrupts']],
  ['is undecided for', ['undecided']],
  ['would restore on', ['restores']],
]
