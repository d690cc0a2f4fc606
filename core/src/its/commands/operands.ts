import type { Operand } from '../../abi/index.ts'
import type { ReadonlyWords } from '../../memory/index.ts'
import type { Its } from '../its.ts'

/**
 * Executes one command: the eight 32-bit words at `at`, DW0's low half first, in guest RAM itself. A handler reads its operands before
 * it changes anything, since that could be the command.
 *
 * @returns 0: done. Positive: an error code of the architecture (`commandErrors`); negative: an errno of KVM. Whatever it is, the queue
 * goes on. May throw KvmError EFAULT instead.
 */
export type Handler = (its: Its, words: ReadonlyWords, at: number) => number

/** How to read one operand; made once per handler, when the module loads. */
export function operand([dw, field]: Operand): (words: ReadonlyWords, at: number) => number {
  const { get } = field
  const lo = 2 * dw
  const hi = lo + 1
  return (words, at) => get(words[at + lo]!, words[at + hi]!)
}
