import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Step, StepAnswer } from '@vits/core/conformance'

/** What a kernel in the lab answered to steps. */
export interface LabAnswers {
  /** The stable release: `6.12.117`. */
  readonly release: string
  readonly answers: readonly StepAnswer[]
}

/** The lab could not be asked; the message says what to do. */
export class LabError extends Error {
  override readonly name = 'LabError'
}

/** The repository this command runs from: the lab is a program of its own there, and no part of the package. */
const root = fileURLToPath(new URL('../../../', import.meta.url))

/** Plays steps on a real KVM by running the lab as a separate program. */
export function askLab(kernel: string, steps: readonly Step[]): Promise<LabAnswers> {
  const program = `${root}lab/src/main.ts`
  if (!existsSync(program)) throw new LabError('the lab is part of the repository, not of the package: run vits from a clone')
  const lab = spawn(process.execPath, ['--import', 'tsx', program, 'play', '--kernel', kernel], { cwd: root })
  return new Promise((resolve, reject) => {
    let [out, err] = ['', '']
    lab.stdout.on('data', (text) => {
      out += text
    })
    lab.stderr.on('data', (text) => {
      err += text
    })
    lab.on('error', reject)
    lab.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(out) as LabAnswers)
      else reject(new LabError(err.trim() || `the lab ended with code ${code}`))
    })
    lab.stdin.on('error', () => {})
    lab.stdin.end(JSON.stringify(steps))
  })
}
