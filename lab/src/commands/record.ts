import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { parseRecording, type Recording } from '@vits/core/conformance'
import { withKvm } from '../lab.ts'
import { formatRecording, playAll } from '../recording.ts'

/**
 * Plays the steps of scenarios (recordings, with or without answers) on a kernel and writes each as a recording of that kernel:
 * `SCENARIO.VERSION.json`.
 */
export async function record(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    options: { kernel: { type: 'string', default: '6.12' }, out: { type: 'string', default: 'fixtures/vectors' } },
    allowPositionals: true,
  })
  if (positionals.length === 0) throw new Error('name the scenarios to record')
  mkdirSync(values.out, { recursive: true })
  return withKvm(values.kernel, async (subject) => {
    const { kernel, kernelVersion, release } = subject.host
    for (const path of positionals) {
      const scenario = parseRecording(readFileSync(path, 'utf8'))
      if (scenario === undefined) throw new Error(`${path} is no recording`)
      const answers = await playAll(subject, scenario.steps)
      await subject.clear()
      const steps = scenario.steps.map((step, index) => ({ ...step, ...answers[index] }))
      const target = `${values.out}/${scenario.scenario}.${release}.json`
      writeFileSync(target, formatRecording({ ...scenario, kernel, kernel_version: kernelVersion, steps } as Recording))
      console.log(`${target}: ${steps.length} steps`)
    }
    return 0
  })
}
