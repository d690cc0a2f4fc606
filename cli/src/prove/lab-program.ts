import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Step, StepAnswer } from '@vits/core/conformance'

/** A kernel in the lab that plays steps. */
export interface Lab {
  /** Its stable release: `6.12.117`. */
  readonly release: string
  play(steps: readonly Step[]): Promise<readonly StepAnswer[]>
  close(): void
}

/** The lab could not be asked; the message says what to do. */
export class LabError extends Error {
  override readonly name = 'LabError'
}

/** The repository whose `cli/dist` this is bundled into: the lab is a program of its own there, and no part of the package. */
const root = fileURLToPath(new URL('../../', import.meta.url))

/** Boots a kernel by running the lab as a separate program: JSON lines in, JSON lines out, the first names the release. */
export async function openLab(kernel: string): Promise<Lab> {
  const program = `${root}lab/src/main.ts`
  if (!existsSync(program)) throw new LabError('the lab is part of the repository, not of the package: run vits from a clone')
  const child = spawn(process.execPath, ['--import', 'tsx', program, 'play', '--kernel', kernel], { cwd: root })
  let complaint = ''
  child.stderr.on('data', (text) => {
    complaint += text
  })
  child.stdin.on('error', () => {})
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => {
    const { value, done } = await lines.next()
    if (done === true) throw new LabError(complaint.trim() || 'the lab ended without an answer')
    return JSON.parse(value)
  }
  const { release } = (await next()) as { release: string }
  return {
    release,
    play: (steps) => {
      child.stdin.write(`${JSON.stringify(steps)}\n`)
      return next()
    },
    close: () => child.stdin.end(),
  }
}
