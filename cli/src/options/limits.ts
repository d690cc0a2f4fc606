import { totalmem } from 'node:os'
import { duration, size } from './option.ts'

/** The program, before it has read anything. */
const LEAST_MEMORY = 128 * 2 ** 20

/** What decides about the interrupts of a VM is some ten MiB, whatever the size of its RAM. */
const USUAL_MEMORY = 2 * 2 ** 30

/** What a command that opens files may take. */
export const limits = {
  maxMemory: size(
    '--max-memory <size>',
    'give up a file that takes more memory: 512M, 4G (without: 2G, or three quarters of what the machine has)',
    { least: LEAST_MEMORY },
  ),
  timeout: duration('--timeout <duration>', 'give up a file that takes longer: 90s, 5m (without: never)'),
}

/** What ends the work on a file: one of them, or one that Node was started with. */
export type Limit = keyof typeof limits | 'heap'

export interface Limits {
  /** Bytes that the program has in RAM, of whatever kind. */
  readonly maxMemory: number
  /** Milliseconds for each file. */
  readonly timeout: number
}

/** What was asked for, and what holds where nothing was. */
export function limitsOf(options: Readonly<Record<string, unknown>>): Limits {
  const { maxMemory, timeout } = options as { [L in keyof typeof limits]?: number }
  return { maxMemory: maxMemory ?? usualMemory(), timeout: timeout ?? Number.POSITIVE_INFINITY }
}

/** The memory of a container is less than that of its machine, where it has a limit. */
function usualMemory(): number {
  const constrained = process.constrainedMemory() || Number.POSITIVE_INFINITY
  return Math.max(LEAST_MEMORY, Math.min(USUAL_MEMORY, 0.75 * Math.min(totalmem(), constrained)))
}

/** Which limit ended the work. */
export function limitWords(limit: Limit, { maxMemory, timeout }: Limits): string {
  const words: Readonly<Record<Limit, string>> = {
    maxMemory: `it takes more than ${sizeWords(maxMemory)} of memory (--max-memory)`,
    timeout: `it takes longer than ${timeout / 1000} s (--timeout)`,
    heap: 'it takes more memory than Node was told to give it (--max-old-space-size)',
  }
  return words[limit]
}

const sizeWords = (bytes: number): string =>
  bytes % 2 ** 30 === 0 ? `${bytes / 2 ** 30} GiB` : `${Math.round(bytes / 2 ** 20)} MiB`
