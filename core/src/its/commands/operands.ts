import type { Operand } from '../../abi/index.ts'
import type { Its } from '../its.ts'

/** The eight 32-bit words of a command, DW0's low half first. */
export type Words = Int32Array

/**
 * Executes one command. 0: done. Positive: an error code of the architecture (`commandErrors`); negative: an errno of KVM. Whatever it
 * answers, the queue goes on. May throw ItsError EFAULT instead.
 */
export type Handler = (its: Its, words: Words) => number

/** How to read one operand; made once per handler, when the module loads. */
export function operand([dw, field]: Operand): (words: Words) => number {
  const { get } = field
  const lo = 2 * dw
  const hi = lo + 1
  return (words) => get(words[lo]!, words[hi]!)
}
