import type { ExitBits } from './exit-code.ts'
import type { Job } from './job.ts'
import * as leash from './leash/leash.ts'
import { limitsOf } from './limits.ts'
import { openTerminal } from './node/terminal.ts'
import { run } from './program.ts'
import { allTurns } from './turns.ts'
import { usages } from './usage/index.ts'

/** Of the package; the bundle has it in the place of this name. */
declare const VITS_VERSION: string

const { unsaid, colour, ...terminal } = openTerminal(process)

/** What opens files of others is done on a leash. Help and wrong usage come here never, and wait for none of this. */
async function performHere(job: Job): Promise<ExitBits> {
  const usage = usages.find(({ name }) => name === job.command)!
  return 'timeout' in usage.options ? onLeash(job, usage.eachFile === true) : here(job)
}

async function onLeash(job: Job, eachFile: boolean): Promise<ExitBits> {
  const files = eachFile ? job.words : job.words.slice(0, 1)
  return leash.perform({ job, limits: limitsOf(job.options), files, io: { ...terminal, now: () => performance.now() }, colour })
}

async function here(job: Job): Promise<ExitBits> {
  const { nodeIo, perform } = await import('./work.ts')
  return perform(job, nodeIo({ ...terminal, turns: allTurns }))
}

void run(process.argv.slice(2), terminal, { version: VITS_VERSION, perform: performHere }).then((bits) => {
  process.exitCode = bits | unsaid()
})
