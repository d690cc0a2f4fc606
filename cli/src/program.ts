import { Command as Commander, CommanderError } from 'commander'
import { register } from './command.ts'
import { type ExitBits, ExitCode, exitWords } from './exit-code.ts'
import { failed } from './failure.ts'
import { about, firstSteps } from './first-steps.ts'
import type { Io } from './io.ts'
import type { Job } from './job.ts'
import { printable } from './printable.ts'
import { fit } from './render/layout.ts'
import { usages } from './usage/index.ts'

const exits = [
  '',
  'Exit status, added up over all files:',
  ...Object.entries(ExitCode).map(([name, bit]) => `${String(bit).padStart(4)}  ${exitWords[name as keyof typeof ExitCode]}`),
  'A signal ends it at once, with 128 and its number.',
  '',
].join('\n')

/** The program: its version, and how it does a job. */
export interface Program {
  readonly version: string
  perform(job: Job): Promise<ExitBits>
}

/** Runs one command line (without `node` and the script) and says what to exit with. Never throws. */
export async function run(
  args: readonly string[],
  io: Pick<Io, 'out' | 'err' | 'style'>,
  { version, perform }: Program,
): Promise<ExitBits> {
  let bits: ExitBits = ExitCode.Ok
  const program = new Commander('vits')
    .description(about)
    .version(version, '-V, --version')
    .showHelpAfterError('(vits --help lists the commands)')
    .addHelpText('after', fit(exits, io.style))
    .configureOutput({
      writeOut: (text) => io.out(text),
      writeErr: (text) => io.err(text),
      outputError: (text, write) => write(usageLines(text)),
      getOutHasColors: () => true,
      getErrHasColors: () => false,
      getOutHelpWidth: () => io.style.width,
      getErrHelpWidth: () => io.style.width,
    })
    // Commander would leave a description that has less than 40 columns on one line.
    .configureHelp({ minWidthToWrap: 20, styleTitle: (title) => io.style.bold(title) })
    .exitOverride()
    .enablePositionalOptions()
  for (const usage of usages) {
    register(program, usage, io.style, async (words, options) => {
      bits = await perform({ command: usage.name, words, options })
    })
  }
  for (const added of program.commands) added.copyInheritedSettings(program)
  if (args.length === 0) {
    io.err(firstSteps(io.style))
    return ExitCode.Usage
  }
  try {
    const [first = ''] = args
    const known = first.startsWith('-') || program.commands.some((added) => added.name() === first)
    // Commander would answer `vits chekc --help` with the help of all commands, and exit 0.
    await program.parseAsync(known || first === 'help' ? args : [first], { from: 'user' })
    return bits
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.Ok : ExitCode.Usage
    return failed(error, io)
  }
}

/** What commander says of a wrong command line, which names words of it; a suggestion stands on a line of its own. */
function usageLines(text: string): string {
  const [, error = '', suggestion = ''] = /^(?:error: )?(.*?)(\n\(Did you mean [^\n]*\?\))?\n?$/s.exec(text) ?? []
  return `vits: ${printable(error)}${suggestion}\n`
}
