import { bashCompletion } from '../completion/bash.ts'
import { type Shell, shells } from '../completion/completed.ts'
import { fishCompletion } from '../completion/fish.ts'
import { zshCompletion } from '../completion/zsh.ts'
import { ExitCode } from '../exit-code.ts'
import { UsageError } from '../failure.ts'
import type { completion } from '../usage/completion.ts'
import type { Run } from '../usage.ts'

const printers: Readonly<Record<Shell, () => string>> = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion }

/** What completes command lines of vits in a shell. */
export const run: Run<typeof completion> = async ([word = ''], _options, { out }) => {
  const shell = shells.find((name) => name === word)
  if (shell === undefined) throw new UsageError(`no shell '${word}' is known: one of ${shells.join(', ')}`)
  out(printers[shell]())
  return ExitCode.Ok
}
