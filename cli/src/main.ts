import { readFileSync } from 'node:fs'
import type { ExitBits } from './exit-code.ts'
import type { Job } from './job.ts'
import { limitsOf } from './limits.ts'
import { openTerminal } from './node/terminal.ts'
import { run } from './program.ts'
import { allTurns } from './turns.ts'
import { usages } from './usage/index.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
const { unsaid, colour, ...terminal } = openTerminal(process)

/** What opens files of others is done on a leash. Help and wrong usage come here never, and wait for none of this. */
async function performHere(job: Job): Promise<ExitBits> {
  const usage = usages.find(({ name }) => name === job.command)!
  return 'timeout' in usage.options ? onLeash(job, usage.eachFile === true) : here(job)
}

async function onLeash(job: Job, eachFile: boolean): Promise<ExitBits> {
  const { perform } = await import('./leash/leash.ts')
  const files = eachFile ? job.words : job.words.slice(0, 1)
  return perform({ job, limits: limitsOf(job.options), files, io: { ...terminal, now: () => performance.now() }, colour })
}

async function here(job: Job): Promise<ExitBits> {
  const { nodeIo } = await import('./node/io.ts')
  const { perform } = await import('./job.ts')
  return perform(job, nodeIo({ ...terminal, turns: allTurns }))
}

process.exitCode = (await run(process.argv.slice(2), terminal, { version, perform: performHere })) | unsaid()
