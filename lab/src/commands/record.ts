import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { parseRecording, type Recording } from '@vits/core/conformance'
import { answered } from '../fuzz/answered.ts'
import { stepsOf } from '../fuzz/case-steps.ts'
import { ModelOf, profileFor, wholeNumber } from '../fuzz/options.ts'
import { handwritten, type Scenario } from '../fuzz/questions.ts'
import { caseOf, modelled } from '../fuzz/side-by-side.ts'
import type { KvmSubject } from '../kvm-subject.ts'
import { withKvm } from '../lab.ts'
import { formatRecording } from '../recording.ts'

/**
 * Plays scenarios (recordings, with or without answers) on a kernel and writes each as a recording of that kernel:
 * `SCENARIO.VERSION.json`. With `--handwritten`, all scenarios of fixtures/vectors go into one file, `handwritten.VERSION.json`, each up
 * to the save, if any, that stops the host; with `--histories N`, N random histories from `--seed` into `histories.VERSION.json`.
 */
export async function record(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    options: {
      kernel: { type: 'string', default: '6.12' },
      out: { type: 'string', default: 'fixtures/vectors' },
      handwritten: { type: 'boolean', default: false },
      histories: { type: 'string', default: '0' },
      seed: { type: 'string', default: '1' },
    },
    allowPositionals: true,
  })
  const histories = wholeNumber('--histories', values.histories)
  const seed = wholeNumber('--seed', values.seed)
  if (positionals.length === 0 && histories === 0 && !values.handwritten) {
    throw new Error('name the scenarios to record, or --handwritten, or --histories N')
  }
  mkdirSync(values.out, { recursive: true })
  return withKvm(values.kernel, async (kvm) => {
    const write = (name: string, text: string) => {
      const path = `${values.out}/${name}.${kvm.host.release}.json`
      writeFileSync(path, text)
      console.log(path)
    }
    const writeAll = async (name: string, scenarios: readonly Scenario[]) => {
      const texts: string[] = []
      for (const scenario of scenarios) texts.push(formatRecording(await recorded(kvm, scenario)))
      if (texts.length > 0) write(name, `[\n${texts.join(',\n')}]\n`)
    }
    for (const path of positionals) {
      const scenario = parseRecording(readFileSync(path, 'utf8'))
      if (scenario === undefined) throw new Error(`${path} is no recording`)
      write(scenario.scenario, formatRecording(await recorded(kvm, scenario)))
    }
    if (values.handwritten)
      await writeAll(
        'handwritten',
        handwritten().map((scenario) => survived(scenario, kvm.host.release)),
      )
    const seeds = Array.from({ length: histories }, (_, n) => seed + n)
    await writeAll(
      'histories',
      seeds.map((n) => ({ scenario: `history ${n}`, steps: stepsOf(caseOf(n)) })),
    )
    return 0
  })
}

/** A scenario up to what the host of a release does not survive. */
const survived = ({ scenario, steps }: Scenario, release: string): Scenario => ({
  scenario,
  steps: modelled(new ModelOf(profileFor(undefined, release)).model(), steps).steps,
})

async function recorded(kvm: KvmSubject, { scenario, steps }: Scenario): Promise<Recording> {
  const { kernel, kernelVersion } = kvm.host
  return { format: 'kvm-its-golden-1', scenario, kernel, kernel_version: kernelVersion, steps: await answered(kvm, steps) }
}
