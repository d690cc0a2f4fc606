import {
  compareAnswer,
  type Difference,
  type ModelSubject,
  type Step,
  type StepAnswer,
  UNSUPPORTED,
} from '@vits/core/conformance'
import fc from 'fast-check'
import { HostDied } from '../agent.ts'
import type { KvmSubject } from '../kvm-subject.ts'
import { playAll } from '../recording.ts'
import { stepsOf } from './case-steps.ts'
import { type RandomCase, randomCase } from './random-case.ts'

/** A history on which the model does not answer as KVM does: the steps with KVM's answers up to the first that differs. */
export interface Disagreement {
  readonly steps: readonly Step[]
  readonly difference: Difference
}

/** What a model answers to a history up to the step, if any, that stops a host of its kernel. */
export interface Modelled {
  /** The steps that a host survives. */
  readonly steps: readonly Step[]
  /** The model's answers to them. */
  readonly answers: readonly StepAnswer[]
  /** True when the history was cut. */
  readonly cut: boolean
}

/** Plays a history on a model, and ends it before the step that the model says a host does not survive. */
export function modelled(model: ModelSubject, steps: readonly Step[]): Modelled {
  const answers: StepAnswer[] = []
  for (const [index, step] of steps.entries()) {
    const answer = model.play(step)
    if (model.hostDied) return { steps: steps.slice(0, index), answers, cut: true }
    answers.push(answer)
  }
  return { steps, answers, cut: false }
}

/** A history on a model and on a kernel: what was asked of both, and where they disagree, if they do. */
export interface Comparison extends Modelled {
  readonly found: Disagreement | undefined
}

/** Asks both the same steps, but for those that a host does not survive, and compares every answer. @throws HostDied */
export async function compared(kvm: KvmSubject, model: ModelSubject, history: readonly Step[]): Promise<Comparison> {
  const played = modelled(model, history)
  const [answers] = await Promise.all([playAll(kvm, played.steps), kvm.clear()])
  return { ...played, found: firstDifference(played.steps, answers, played.answers) }
}

/** The first answer that is not the same, if one is not; of steps that have their answers in them, `answers` is empty. */
export function firstDifference(steps: readonly Step[], answers: readonly StepAnswer[], modelled: readonly StepAnswer[]) {
  for (const [index, step] of steps.entries()) {
    if (modelled[index] === UNSUPPORTED) continue
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
export async function shrunk(kvm: KvmSubject, model: () => ModelSubject, seed: number): Promise<Disagreement | undefined> {
  const find = async (steps: readonly Step[]) => {
    try {
      return (await compared(kvm, model(), steps)).found
    } catch (error) {
      if (!(error instanceof HostDied)) throw error
      await kvm.revive()
      return undefined
    }
  }
  const agrees = fc.asyncProperty(randomCase, async (random) => (await find(stepsOf(random))) === undefined)
  const { counterexample } = await fc.check(agrees, { seed, numRuns: 1, interruptAfterTimeLimit: 60_000 })
  if (counterexample === null) return undefined
  const steps = stepsOf(counterexample[0])
  const found = await find(steps)
  return found && find(withoutEarlierLooks(steps, found.difference.step))
}

const LOOKS = new Set<Step['op']>(['mem_dump', 'its_regs', 'its_read', 'redist_read'])

/** Drops what follows the difference, and the looks before it, which change nothing: a test case is to be read. */
const withoutEarlierLooks = (steps: readonly Step[], last: number) =>
  steps.filter((step, index) => index === last || (index < last && !LOOKS.has(step.op)))
