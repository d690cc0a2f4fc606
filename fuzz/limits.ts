/** What one mutant may take, and what a process that works through thousands of them. */
export const limits = {
  /** Processor time, in milliseconds: many times what the slowest takes that is known. */
  ms: 5000,
  /** Processor time, in milliseconds, after which a process that is still at the same mutant is ended. */
  endlessMs: 60_000,
  /** Memory of a process, the seed corpus and the program itself included, in MiB. */
  rssMib: 1024,
  /** How much one mutant may add to it, in MiB. */
  growthMib: 512,
  /** Heap of JavaScript, in MiB: beyond it Node ends. */
  heapMib: 512,
} as const
