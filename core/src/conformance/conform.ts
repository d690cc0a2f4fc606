import type { ProfileId } from '../abi/index.ts'
import { ModelSubject } from './model-subject.ts'
import { profileOf } from './recording.ts'
import { answerFields, type Recording, type Step, type StepAnswer } from './step.ts'
import { compareAnswer, type Difference, UNSUPPORTED } from './subject.ts'

/** What came of a recording played against the model. */
export interface Conformance {
  readonly scenario: string
  /** The profile it was played under. */
  readonly kernel: ProfileId
  /** Steps whose answer is on record and was compared. */
  readonly outcomes: number
  readonly differences: readonly (Difference & { readonly what: string })[]
  /** Steps that the model cannot play, counted and said: none is passed over silently. */
  readonly unsupported: readonly { readonly step: number; readonly what: string }[]
}

/**
 * Plays a recording against the model under the profile of the kernel that was recorded, or under `kernel`.
 *
 * @throws RangeError when the kernel has no profile and none is named, or for a step that makes no sense where it stands.
 */
export function conform(recording: Recording, kernel: ProfileId | undefined = profileOf(recording)): Conformance {
  if (kernel === undefined) throw new RangeError(`no profile is known for kernel ${recording.kernel}`)
  const subject = new ModelSubject(kernel)
  const differences: (Difference & { what: string })[] = []
  const unsupported: { step: number; what: string }[] = []
  let outcomes = 0
  for (const [index, step] of recording.steps.entries()) {
    const answer = subject.play(step)
    if (answer === UNSUPPORTED) unsupported.push({ step: index, what: describe(step) })
    else if (isOnRecord(step)) {
      outcomes++
      for (const difference of compareAnswer(index, step, answer)) differences.push({ ...difference, what: describe(step) })
    }
  }
  return { scenario: recording.scenario, kernel, outcomes, differences, unsupported }
}

const isOnRecord = (step: Step) => answerFields[step.op].some((field) => (step as unknown as StepAnswer)[field] !== undefined)

/** The question of a step in a few words. */
function describe(step: Step): string {
  switch (step.op) {
    case 'its_write':
      return `write ${step.reg} = ${step.value}`
    case 'its_read':
      return `read ${step.reg}`
    case 'redist_write':
      return `write ${step.reg} of vCPU ${step.cpu} = ${step.value}`
    case 'redist_read':
      return `read ${step.reg} of vCPU ${step.cpu}`
    case 'mem_dump':
      return `dump ${step.what}`
    case 'signal_msi':
      return `MSI device ${step.devid} event ${step.eventid}${step.why === undefined ? '' : ` (${step.why})`}`
    case 'commands':
      return step.list.length === 1 ? step.list[0]!.name : `${step.list.length} commands`
    case 'guest_acknowledged':
      return `interrupts taken by vCPU ${step.cpu}`
    case 'raw':
      return `${step.what}: ${step.line}`
    default:
      return step.op
  }
}
