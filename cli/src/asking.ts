import type { ExitBits } from './exit-code.ts'
import type { Job } from './job.ts'
import type { Turn } from './turns.ts'

/** A job on many files. */
export interface Asking {
  readonly job: Job
  /** Each has its turn, whatever comes of the others. */
  readonly files: readonly string[]
  /** How many of them may have their turn at one time. */
  readonly jobs: number
  /** Is told of every turn, in the order of the files. */
  hear(turn: Turn): void
}

/** Has the work of a job done on each of its files. */
export type Ask = (asking: Asking) => Promise<ExitBits>
