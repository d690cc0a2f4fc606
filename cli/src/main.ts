import { statSync } from 'node:fs'
import type { Ask } from './asking.ts'
import { type Checking, checkFiles } from './check/check-files.ts'
import type { ExitBits } from './exit-code.ts'
import type { Job } from './job.ts'
import * as leash from './leash/leash.ts'
import { openTerminal } from './node/terminal.ts'
import { limitsOf } from './options/limits.ts'
import { run } from './program.ts'
import { allTurns } from './turns.ts'
import { usages } from './usage/index.ts'

/** Of the package; the bundle has it in the place of this name. */
declare const VITS_VERSION: string

const { unsaid, colour, ...terminal } = openTerminal(process)

/** What opens files of others is done on a leash. Help and wrong usage come here never, and wait for none of this. */
async function performHere(job: Job): Promise<ExitBits> {
  const usage = usages.find(({ name }) => name === job.command)!
  if (!('timeout' in usage.options)) return here(job)
  if (usage.name === 'check') return checkFiles(job, { version: VITS_VERSION, ask: onLeash, io: terminal, isFolder, many })
  // What is asked without a file, as a scope of prove, is one answer.
  const eachFile = usage.eachFile === true && job.words.length > 0
  return leash.perform({ ...held(job), files: eachFile ? job.words : job.words.slice(0, 1), eachFile, jobs: 1 })
}

const onLeash: Ask = ({ job, files, jobs, hear }) => leash.perform({ ...held(job), files, eachFile: true, jobs, hear })

const held = (job: Job) => ({
  job,
  limits: limitsOf(job.options),
  io: { ...terminal, now: () => performance.now() },
  colour,
})

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true

const many: Checking['many'] = async (job, checking) => {
  const { checkMany, nodeIo } = await import('./work.ts')
  return checkMany(job, checking, nodeIo({ ...terminal, turns: allTurns }))
}

async function here(job: Job): Promise<ExitBits> {
  const { nodeIo, perform } = await import('./work.ts')
  return perform(job, nodeIo({ ...terminal, turns: allTurns }))
}

void run(process.argv.slice(2), terminal, { version: VITS_VERSION, perform: performHere }).then((bits) => {
  process.exitCode = bits | unsaid()
})
