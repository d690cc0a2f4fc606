import { readFileSync } from 'node:fs'
import { commands } from './commands/index.ts'
import { type ExitBits, ExitCode } from './exit-code.ts'
import { failureLine } from './failure.ts'
import { type Job, perform } from './job.ts'
import { perform as performOnLeash } from './leash/leash.ts'
import { limitsOf } from './limits.ts'
import { nodeIo } from './node/io.ts'
import { run } from './program.ts'
import { style, wantsColour } from './style.ts'
import { allTurns } from './turns.ts'

const { stdout, stderr, env } = process
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

// A reader that has seen enough (`vits check ... | head`) is no error, and must not end a repair half-way: the rest is said to nobody.
let unsaid: ExitBits = ExitCode.Ok
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE' || unsaid !== ExitCode.Ok) return
  unsaid = ExitCode.Failed
  process.exitCode = Number(process.exitCode ?? ExitCode.Ok) | unsaid
  stderr.write(`${failureLine(error, 'standard output')}\n`)
})
stderr.on('error', () => {})

const colour = wantsColour(env, stdout.isTTY === true)
const here = nodeIo({
  out: (text) => stdout.write(text),
  err: (text) => stderr.write(text),
  progress: stderr.isTTY === true ? (text) => stderr.write(`\r\x1b[K${text}`) : undefined,
  style: style(colour),
  turns: allTurns,
})

/** What opens files of others is done on a leash. */
async function performHere(job: Job): Promise<ExitBits> {
  const { usage } = commands.find(({ usage: { name } }) => name === job.command)!
  if (!('timeout' in usage.options)) return perform(job, here)
  const files = usage.eachFile ? job.words : job.words.slice(0, 1)
  return performOnLeash({ job, limits: limitsOf(job.options), files, io: here, colour })
}

process.exitCode = (await run(process.argv.slice(2), here, { version, perform: performHere })) | unsaid
