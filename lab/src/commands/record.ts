import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { parseRecording, type Recording } from '@vits/core/conformance'
import { stepsOf } from '../fuzz/case-steps.ts'
import { wholeNumber } from '../fuzz/options.ts'
import { caseOf } from '../fuzz/side-by-side.ts'
import type { KvmSubject } from '../kvm-subject.ts'
import { withKvm } from '../lab.ts'
import { formatRecording, playAll } from '../recording.ts'

type Scenario = Pick<Recording, 'scenario' | 'steps'>

/**
 * Plays scenarios (recordings, with or without answers) on a kernel and writes each as a recording of that kernel:
 * `SCENARIO.VERSION.json`. With `--histories N`, N random histories from `--seed` go into one file, `histories.VERSION.json`.
 */
export async function record(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    options: {
      kernel: { type: 'string', default: '6.12' },
      out: { type: 'string', default: 'fixtures/vectors' },
      histories: { type: 'string', default: '0' },
      seed: { type: 'string', default: '1' },
    },
    allowPositionals: true,
  })
  const histories = wholeNumber('--histories', values.histories)
  const seed = wholeNumber('--seed', values.seed)
  if (positionals.length === 0 && histories === 0) throw new Error('name the scenarios to record, or --histories N')
  mkdirSync(values.out, { recursive: true })
  return withKvm(values.kernel, async (kvm) => {
    const write = (name: string, text: string) => {
      const path = `${values.out}/${name}.${kvm.host.release}.json`
      writeFileSync(path, text)
      console.log(path)
    }
    for (const path of positionals) {
      const scenario = parseRecording(readFileSync(path, 'utf8'))
      if (scenario === undefined) throw new Error(`${path} is no recording`)
      write(scenario.scenario, formatRecording(await recorded(kvm, scenario)))
    }
    const texts: string[] = []
    for (let n = seed; n < seed + histories; n++) {
      texts.push(formatRecording(await recorded(kvm, { scenario: `history ${n}`, steps: stepsOf(caseOf(n)) })))
    }
    if (histories > 0) write('histories', `[\n${texts.join(',\n')}]\n`)
    return 0
  })
}

async function recorded(kvm: KvmSubject, scenario: Scenario): Promise<Recording> {
  const { kernel, kernelVersion } = kvm.host
  const [answers] = await Promise.all([playAll(kvm, scenario.steps), kvm.clear()])
  const steps = scenario.steps.map((step, index) => ({ ...step, ...answers[index] }))
  return { ...scenario, format: 'kvm-its-golden-1', kernel, kernel_version: kernelVersion, steps } as Recording
}
