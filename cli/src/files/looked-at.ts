import type { Inspection } from '@vits/core/inspect'
import { type ExitBits, ExitCode } from '../exit-code.ts'
import { failureLine } from '../failure.ts'
import type { Io } from '../io.ts'

/** A listing of a VM of which not everything was looked at is not whole: it says so, and ends in no exit 0. */
export function lookedAt(file: string, { scenes }: Inspection, io: Io): ExitBits {
  if (scenes.every(({ unread, isCut }) => unread.count === 0 && !isCut)) return ExitCode.Ok
  io.err(`${failureLine('not everything was looked at, and what is listed is not whole (vits check says why)', file)}\n`)
  return ExitCode.Undecided
}
