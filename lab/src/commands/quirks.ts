import { type ProfileId, profiles, type QuirkName, type Quirks, quirks } from '@vits/core/abi'
import { compareAnswer, ModelSubject, type Step, type StepAnswer } from '@vits/core/conformance'
import { stepsOf } from '../fuzz/case-steps.ts'
import { caseOptions } from '../fuzz/options.ts'
import { caseOf } from '../fuzz/side-by-side.ts'
import type { KvmSubject } from '../kvm-subject.ts'
import { withKvm } from '../lab.ts'
import { playAll } from '../recording.ts'

/** A history with the kernel's answers in its steps. */
type Answered = readonly Step[]

/**
 * Measures the quirk table, and the fuzzing: turns each quirk of the model over, one at a time, and says which random history first
 * tells the kernel from such a model. Exit code 1 when the model as it is differs.
 */
export async function measureQuirks(args: string[]): Promise<number> {
  const { kernel, cases, seed, profileFor } = caseOptions(args)
  return withKvm(kernel, async (kvm) => {
    const profile = profileFor(kvm.host.release)
    const histories = await answeredHistories(kvm, cases, seed)
    console.log(`${cases} histories of ${kvm.name} from seed ${seed}; the model of ${profile} with one quirk turned over:`)
    const own = firstToTell(histories, profile, profiles[profile].quirks)
    console.log(`  ${'none'.padEnd(NAME_WIDTH)} ${told(own, seed)}`)
    for (const name of Object.keys(quirks) as QuirkName[]) {
      const { quirks: set } = profiles[profile]
      const turned = firstToTell(histories, profile, { ...set, [name]: !set[name] })
      console.log(`  ${`${set[name] ? 'without' : 'with'} ${name}`.padEnd(NAME_WIDTH)} ${told(turned, seed)}`)
    }
    return own < 0 ? 0 : 1
  })
}

const NAME_WIDTH = 44

const told = (index: number, seed: number) => (index < 0 ? 'no history tells' : `seed ${seed + index} tells`)

async function answeredHistories(kvm: KvmSubject, cases: number, seed: number): Promise<Answered[]> {
  const histories: Answered[] = []
  for (let n = 0; n < cases; n++) {
    const steps = stepsOf(caseOf(seed + n))
    const [answers] = await Promise.all([playAll(kvm, steps), kvm.clear()])
    histories.push(steps.map((step, index) => ({ ...step, ...answers[index] }) as Step))
  }
  return histories
}

/** Index of the first history that a model answers otherwise; -1 when it answers all as the kernel did. */
function firstToTell(histories: readonly Answered[], profile: ProfileId, set: Quirks): number {
  return histories.findIndex((steps) => {
    const model = new ModelSubject(profile, set)
    return steps.some((step, index) => compareAnswer(index, step, model.play(step) as StepAnswer).length > 0)
  })
}
