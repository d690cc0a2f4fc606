import { type ExitBits, ExitCode } from './exit-code.ts'
import type { Io } from './io.ts'
import { printable } from './printable.ts'

/** The command line is wrong: exit 16. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const systemErrors: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
  ENOTDIR: 'not a directory',
  ENOSPC: 'no space left on the device',
  EIO: 'input/output error',
}

/** One line for a person: what failed, where in the file, and never a stack trace. */
export function failureLine(error: unknown, file?: string): string {
  const why = reason(error)
  // An error of one file of several names it.
  const isNamed = file === undefined || why.startsWith(`${printable(file)}: `)
  return printable(['vits', ...(isNamed ? [] : [file]), why].join(': '))
}

/** What failed, in words. */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  if (code !== undefined && code in systemErrors) return systemErrors[code]!
  // Node says `EPERM: operation not permitted, open 'path'`: the words are strerror(3)'s, the rest is known already.
  const words = code === undefined ? undefined : /^E[A-Z0-9]+: (.+?), [a-z]+\b/.exec(error.message)?.[1]
  if (words !== undefined) return words
  if (error instanceof RangeError && error.message === 'Array buffer allocation failed')
    return 'there is not enough memory for it'
  const ours = error.name !== 'Error' && error.name !== 'TypeError' && error.name !== 'RangeError'
  return ours || code !== undefined ? error.message : `internal error: ${error.message}; please report it`
}

/** A file's turn: one that cannot be read is one line on stderr, and the next file has its turn. */
export async function failing(file: string, io: Io, work: () => Promise<ExitBits>): Promise<ExitBits> {
  if (!io.turns.begin(file)) return ExitCode.Ok
  const bits = await orFailed(file, io, work)
  io.turns.end(bits)
  return bits
}

async function orFailed(file: string, io: Io, work: () => Promise<ExitBits>): Promise<ExitBits> {
  try {
    return await work()
  } catch (error) {
    io.progress?.('')
    if (isUsageError(error)) throw error
    io.err(`${failureLine(error, file)}\n`)
    return ExitCode.Failed
  }
}

/** By its name: the command line and the work are bundles of their own, and each has this class once. */
const isUsageError = (error: unknown): boolean => error instanceof Error && error.name === 'UsageError'

/** Says why all of a command failed, and what to exit with. */
export function failed(error: unknown, io: Pick<Io, 'err'>): ExitBits {
  io.err(`${failureLine(error)}\n`)
  return isUsageError(error) ? ExitCode.Usage : ExitCode.Failed
}
