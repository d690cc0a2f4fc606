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
export function operand([dw, { get, lo, hi, scale }]: Operand): (words: ReadonlyWords, at: number) => number {
  const low = 2 * dw
  const width = hi - lo + 1
  if (scale !== 0 || width >= 32 || lo >>> 5 !== hi >>> 5) return (words, at) => get(words[at + low]!, words[at + low + 1]!)
  const word = low + (lo >>> 5)
  const shift = lo & 31
  const mask = 2 ** width - 1
  return (words, at) => (words[at + word]! >>> shift) & mask
}

/** Where an operand of a whole word stands: so many words from where its command begins. */
export function wordOf([dw, { lo, hi, scale }]: Operand): number {
  if (hi - lo !== 31 || lo % 32 !== 0 || scale !== 0) throw new RangeError(`bits [${hi}:${lo}] are no whole word`)
  return 2 * dw + lo / 32
}
