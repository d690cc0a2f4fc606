import { type ProblemCode, problemCode } from '@vits/core/audit'
import { UsageError } from '../failure.ts'

/** The problem that a user names by its code or its slug. */
export function problemNamed(word: string): ProblemCode {
  const code = problemCode(word)
  if (code === undefined) throw new UsageError(`no problem '${word}' is known (vits explain lists them)`)
  return code
}
