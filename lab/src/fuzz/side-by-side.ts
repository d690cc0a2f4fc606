import { compareAnswer, type Difference, type Step, type StepAnswer, type Subject } from '@vits/core/conformance'
import fc from 'fast-check'
import type { KvmSubject } from '../kvm-subject.ts'
import { playAll } from '../recording.ts'
import { stepsOf } from './case-steps.ts'
import { type RandomCase, randomCase } from './random-case.ts'

/** A history on which the model does not answer as KVM does: the steps with KVM's answers up to the first that differs. */
export interface Disagreement {
  readonly steps: readonly Step[]
  readonly difference: Difference
}

/** Asks both the same steps and compares every answer; undefined when all are the same. */
export async function disagreement(kvm: KvmSubject, model: Subject, steps: readonly Step[]): Promise<Disagreement | undefined> {
  const asked = playAll(kvm, steps)
  const cleared = kvm.clear()
  const modelled = await playAll(model, steps)
  const [answers] = await Promise.all([asked, cleared])
  return firstDifference(steps, answers, modelled)
}

/** The first answer that is not the same, if one is not. */
export function firstDifference(steps: readonly Step[], answers: readonly StepAnswer[], modelled: readonly StepAnswer[]) {
  for (const [index, step] of steps.entries()) {
    const recorded = { ...step, ...answers[index] } as Step
    const [difference] = compareAnswer(index, recorded, modelled[index]!)
    if (difference === undefined) continue
    const before = steps.slice(0, index).map((earlier, n) => ({ ...earlier, ...answers[n] }) as Step)
    return { steps: [...before, recorded], difference }
  }
  return undefined
}

/** The history of one seed; the same for ever, unless the generator changes. */
export const caseOf = (seed: number): RandomCase => fc.sample(randomCase, { seed, numRuns: 1 })[0]!

/** The shortest history like that of `seed` on which the two still disagree. */
export async function shrunk(kvm: KvmSubject, model: () => Subject, seed: number): Promise<Disagreement | undefined> {
  const agrees = fc.asyncProperty(randomCase, async (random) => {
    return (await disagreement(kvm, model(), stepsOf(random))) === undefined
  })
  const { counterexample } = await fc.check(agrees, { seed, numRuns: 1, interruptAfterTimeLimit: 60_000 })
  if (counterexample === null) return undefined
  const steps = stepsOf(counterexample[0])
  const found = await disagreement(kvm, model(), steps)
  return found && disagreement(kvm, model(), withoutEarlierLooks(steps, found.difference.step))
}

const LOOKS = new Set<Step['op']>(['mem_dump', 'its_regs', 'its_read', 'redist_read'])

/** Drops what follows the difference, and the looks before it, which change nothing: a test case is to be read. */
const withoutEarlierLooks = (steps: readonly Step[], last: number) =>
  steps.filter((step, index) => index === last || (index < last && !LOOKS.has(step.op)))
