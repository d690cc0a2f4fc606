import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../bin/vits.js', import.meta.url))
const preload = new URL('./kill-at.mjs', import.meta.url).href

/**
 * Runs vits in a process of its own that is killed with signal 9 before its n-th change of the disk or, with `half`, in the middle of
 * it where it is a write; one that is negative never comes. Answers the changes that it made or was about to make.
 */
export function killedAt(
  n: number,
  args: readonly string[],
  half = false,
): { readonly killed: boolean; readonly steps: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'vits-steps-'))
  try {
    const log = join(folder, 'log')
    const env = { ...process.env, KILL_AT: String(n), KILL_HALF: half ? '1' : '0', KILL_LOG: log }
    writeFileSync(log, '')
    const { signal } = spawnSync(process.execPath, ['--import', preload, program, ...args], { env })
    return { killed: signal === 'SIGKILL', steps: readFileSync(log, 'utf8').trim().split('\n') }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
