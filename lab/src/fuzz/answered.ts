import type { ProfileId, Quirks } from '@vits/core/abi'
import { answerFields, compareAnswer, ModelSubject, type Step, UNSUPPORTED } from '@vits/core/conformance'
import type { KvmSubject } from '../kvm-subject.ts'
import { playAll } from '../recording.ts'

/** A history with a kernel's answers in its steps. */
export type Answered = readonly Step[]

/** Asks a kernel a history and puts its answers into the steps. @throws HostDied */
export async function answered(kvm: KvmSubject, steps: readonly Step[]): Promise<Answered> {
  const [answers] = await Promise.all([playAll(kvm, steps), kvm.clear()])
  return steps.map((step, index) => ({ ...withoutAnswer(step), ...answers[index] }) as Step)
}

/** The question of a step, without the answer that it may have on record. */
function withoutAnswer(step: Step): Step {
  const fields: readonly string[] = answerFields[step.op]
  return Object.fromEntries(Object.entries(step).filter(([name]) => !fields.includes(name))) as unknown as Step
}

/** True when a model with these quirks answers all of a history as the kernel did. What it cannot play is not compared. */
export function isAnswered(history: Answered, profile: ProfileId, quirks: Quirks): boolean {
  const model = new ModelSubject(profile, quirks)
  return history.every((step, index) => {
    const answer = model.play(step)
    return answer === UNSUPPORTED || compareAnswer(index, step, answer).length === 0
  })
}
