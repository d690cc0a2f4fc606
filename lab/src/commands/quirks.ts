import { type QuirkName, type Quirks, quirks } from '@vits/core/abi'
import { type Answered, answered, isAnswered } from '../fuzz/answered.ts'
import { stepsOf } from '../fuzz/case-steps.ts'
import { type ModelOf, modelOptions } from '../fuzz/options.ts'
import { caseOf, modelled } from '../fuzz/side-by-side.ts'
import type { KvmSubject } from '../kvm-subject.ts'
import { withKvm } from '../lab.ts'

/**
 * Measures the quirk table, and the fuzzing: turns each quirk of the model over, one at a time, and says which random history first
 * tells the kernel from such a model. Exit code 1 when the model as it is differs.
 */
export async function measureQuirks(args: string[]): Promise<number> {
  const { kernel, cases, seed, modelFor } = modelOptions(args)
  return withKvm(kernel, async (kvm) => {
    const model = modelFor(kvm.host.release)
    const histories = await answeredHistories(kvm, model, cases, seed)
    console.log(`${cases} histories of ${kvm.name} from seed ${seed}; the model of ${model.title} with one quirk turned over:`)
    const own = firstToTell(histories, model, model.quirks)
    console.log(`  ${'none'.padEnd(NAME_WIDTH)} ${told(own, seed)}`)
    for (const name of Object.keys(quirks) as QuirkName[]) {
      const has = model.quirks[name]
      const turned = firstToTell(histories, model, { ...model.quirks, [name]: !has })
      console.log(`  ${`${has ? 'without' : 'with'} ${name}`.padEnd(NAME_WIDTH)} ${told(turned, seed)}`)
    }
    return own < 0 ? 0 : 1
  })
}

const NAME_WIDTH = 44

const told = (index: number, seed: number) => (index < 0 ? 'no history tells' : `seed ${seed + index} tells`)

async function answeredHistories(kvm: KvmSubject, model: ModelOf, cases: number, seed: number): Promise<Answered[]> {
  const histories: Answered[] = []
  for (let n = 0; n < cases; n++) {
    histories.push(await answered(kvm, modelled(model.model(), stepsOf(caseOf(seed + n))).steps))
  }
  return histories
}

/** Index of the first history that a model answers otherwise; -1 when it answers all as the kernel did. */
const firstToTell = (histories: readonly Answered[], { profile }: ModelOf, set: Quirks) =>
  histories.findIndex((history) => !isAnswered(history, profile, set))
