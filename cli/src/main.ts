import { readFileSync } from 'node:fs'
import { commands } from './commands/index.ts'
import type { ExitBits } from './exit-code.ts'
import { type Job, perform } from './job.ts'
import { perform as performOnLeash } from './leash/leash.ts'
import { limitsOf } from './limits.ts'
import { nodeIo } from './node/io.ts'
import { openTerminal } from './node/terminal.ts'
import { run } from './program.ts'
import { allTurns } from './turns.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
const { unsaid, colour, ...terminal } = openTerminal(process)
const here = nodeIo({ ...terminal, turns: allTurns })

/** What opens files of others is done on a leash. */
async function performHere(job: Job): Promise<ExitBits> {
  const { usage } = commands.find(({ usage: { name } }) => name === job.command)!
  if (!('timeout' in usage.options)) return perform(job, here)
  const files = usage.eachFile ? job.words : job.words.slice(0, 1)
  return performOnLeash({ job, limits: limitsOf(job.options), files, io: here, colour })
}

process.exitCode = (await run(process.argv.slice(2), here, { version, perform: performHere })) | unsaid()
