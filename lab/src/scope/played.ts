import { compareAnswer, type Difference, type ModelSubject, type Step, type StepAnswer } from '@vits/core/conformance'
import type { KvmSubject } from '../kvm-subject.ts'
import { playAll } from '../recording.ts'
import { mappedIn } from './mapped.ts'
import type { Segment } from './segments.ts'

/** How a segment ended, by the answers of both. */
export type Ending = 'exact' | 'other' | 'refused' | 'cut'

export interface PlayedSegment {
  readonly segment: Segment
  readonly ending: Ending
  readonly answers: number
  /** The first answer that is not the model's. */
  readonly difference: Difference | undefined
}

/** Segments on the model, up to the one, if any, in which a host of its kernel dies. */
interface Modelled {
  readonly steps: readonly Step[]
  readonly answers: readonly StepAnswer[]
  readonly endings: readonly Ending[]
}

/**
 * Asks a kernel and the model segments in one VM, and compares every answer. A segment that the model says stops the host is asked up to
 * there, and those behind it are not asked: they are returned.
 */
export async function playSegments(
  kvm: KvmSubject,
  model: ModelSubject,
  before: readonly Step[],
  segments: readonly Segment[],
): Promise<{ readonly played: PlayedSegment[]; readonly left: readonly Segment[] }> {
  const modelled = playModel(model, before, segments)
  const [answers] = await Promise.all([playAll(kvm, modelled.steps), kvm.clear()])
  let at = before.length
  const played = modelled.endings.map((ending, n): PlayedSegment => {
    const segment = segments[n]!
    const from = at
    at = Math.min(at + segment.steps.length, modelled.steps.length)
    return { segment, ending, answers: at - from, difference: firstDifference(modelled, answers, from, at) }
  })
  return { played, left: segments.slice(played.length) }
}

function playModel(model: ModelSubject, before: readonly Step[], segments: readonly Segment[]): Modelled {
  const steps: Step[] = [...before]
  const answers: StepAnswer[] = before.map((step) => model.play(step))
  const endings: Ending[] = []
  for (const segment of segments) {
    const mapped = () => mappedIn(model.vm.itses[0]!.its, segment.scope.events)
    let { had } = segment
    let ending: Ending = 'cut'
    for (const [index, step] of segment.steps.entries()) {
      if (index === segment.ends) had ??= mapped()
      const answer = model.play(step)
      if (model.hostDied) return { steps, answers, endings: [...endings, 'cut'] }
      steps.push(step)
      answers.push(answer)
      if (index !== segment.restores) continue
      if (answer['rc'] !== '0') ending = 'refused'
      else ending = mapped() === had ? 'exact' : 'other'
    }
    endings.push(ending)
  }
  return { steps, answers, endings }
}

function firstDifference({ steps, answers }: Modelled, real: readonly StepAnswer[], from: number, to: number) {
  for (let i = from; i < to; i++) {
    const recorded = { ...steps[i], ...real[i] } as Step
    const [difference] = compareAnswer(i - from, recorded, answers[i]!)
    if (difference !== undefined) return difference
  }
  return undefined
}
