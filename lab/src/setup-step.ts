import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** A step that cannot be done here; the message says what to do instead. */
export class SetupError extends Error {
  override readonly name = 'SetupError'
}

export const say = (text: string) => process.stdout.write(`${text}\n`)

/** Runs a program and returns what it printed. @throws SetupError with all of it when it fails. */
export function run(command: string, args: readonly string[], options: { cwd?: string } = {}): string {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' }
  const { status, stdout, stderr, error } = spawnSync(command, args, { ...options, encoding: 'utf8', env, maxBuffer: 1 << 28 })
  if (error !== undefined) throw new SetupError(`cannot run ${command}: ${error.message}`)
  if (status !== 0) throw new SetupError(`${command} ${args.join(' ')} failed:\n${stderr}${stdout}`.trimEnd())
  return stdout
}

/** True when a program is on the path, or a file is there. */
export const has = (program: string) =>
  program.startsWith('/') ? existsSync(program) : spawnSync('sh', ['-c', `command -v ${program}`]).status === 0

/** Runs a step and says what it is and how long it took. */
export function step(what: string, body: () => void): void {
  process.stdout.write(`${what} ... `)
  const start = performance.now()
  body()
  say(`${((performance.now() - start) / 1000).toFixed(1)} s`)
}

export const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`

/** The bytes that an `apt-get --print-uris` plans to fetch. */
export const plannedBytes = (plan: string) =>
  [...plan.matchAll(/^'\S+' \S+ (\d+)/gm)].reduce((sum, [, size]) => sum + Number(size), 0)
