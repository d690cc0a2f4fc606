import { commands } from './commands/index.ts'
import type { ExitBits } from './exit-code.ts'
import type { Io } from './io.ts'

/** What a command is asked to do, as data: it may be done in another thread. */
export interface Job {
  /** The name of the command. */
  readonly command: string
  readonly words: readonly string[]
  /** By their names, as its usage declares them. */
  readonly options: Readonly<Record<string, unknown>>
}

/** Loads what the command does, and does it here. */
export async function perform({ command, words, options }: Job, io: Io): Promise<ExitBits> {
  const { run } = await commands[command]!()
  return run(words, options as never, io)
}
