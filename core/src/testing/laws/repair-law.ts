import { type ProfileId, releasedKernels } from '../../abi/index.ts'
import { judgeKernels, setScene, type Verdict } from '../../audit/index.ts'
import { planRepair, type RepairOptions, type RepairPlan } from '../../repair/index.ts'
import type { Law, LawAnswer } from './law.ts'
import { type Difference, difference, differenceWords, isExact, type Mapping, mappingWords } from './mapped.ts'
import { isNamedAsDead, isNotedAsLost } from './named.ts'
import type { Question } from './question.ts'
import type { Restorers } from './restorers.ts'

const options = {
  proven: { allow: 'proven' },
  everything: { allow: 'everything' },
  strict: { allow: 'everything', strict: true },
} as const satisfies Record<string, RepairOptions>
type RepairName = keyof typeof options

const LEFT = 'left as it is'

/** The result of each repair, restored on every kernel; a strict one where another leaves the VM as it is. */
export const repairLaw = (restorers: Restorers): Law => ({
  claim:
    'what a repair comes to is restored exactly as the guest has it on every kernel that is said to restore it, or the plan says that it cannot; what nobody knows stays, and nothing live is lost',
  ask: (question) => {
    const answers = (['proven', 'everything'] as const).map((name) => answerOf(question, name, restorers))
    const isLeft = answers.every(({ outcome }) => outcome.includes(LEFT))
    return isLeft ? [...answers, answerOf(question, 'strict', restorers)] : answers
  },
})

function answerOf(question: Question, name: RepairName, restorers: Restorers): LawAnswer {
  const plan = planRepair([setScene(question.input)], options[name])
  const [refusal] = plan.obstacles
  if (refusal !== undefined) return { outcome: `${name}: refused, ${reasonOf(refusal.says)}`, contradictions: [] }
  const [{ after, lost, lostDevices }] = plan.itses
  if (after.verdict !== 'restores' || lost.length + lostDevices.length > 0) {
    return { outcome: `${name}: written, and said to be ${after.verdict} and to lose ${lost.length} events`, contradictions: [] }
  }
  const restored = restorers.of(plan.memory)
  const says = verdictsOf(question, plan)
  const found = releasedKernels.flatMap((kernel) => {
    const has = restored(kernel)
    if (typeof has === 'string') return says(kernel) === 'restores' ? [`${kernel} fails: ${has}`] : []
    const differs = difference(question.truth, has)
    if (isExact(differs) || says(kernel) !== 'restores') return []
    return wrongOf(question, plan, { name, kernel }, differs).map((wrong) => `${kernel} ${wrong}: it ${differenceWords(differs)}`)
  })
  return {
    outcome: `${name}: ${outcomeOf(question, plan, restored(question.kernel))}`,
    contradictions: found.map((wrong) => `${name}, ${plan.writes.length} writes: ${wrong}`),
  }
}

/** What each kernel is said to do. Of a VM that is left as it was and restores, a plan says nothing of others: then they are asked. */
function verdictsOf({ input }: Question, plan: RepairPlan): (kernel: ProfileId) => Verdict {
  let rows = new Map(plan.kernels.map(({ kernel, after }) => [kernel, after.verdict]))
  return (kernel) => {
    if (rows.size === 0) {
      const judged = judgeKernels([setScene({ ...input, memory: plan.memory })], releasedKernels)
      rows = new Map(judged.map((row) => [row.kernel, row.verdict]))
    }
    return rows.get(kernel)!
  }
}

function outcomeOf({ truth }: Question, { writes, itses }: RepairPlan, has: ReturnType<ReturnType<Restorers['of']>>): string {
  const does = writes.length === 0 ? LEFT : 'written'
  const differs = typeof has === 'string' ? undefined : difference(truth, has)
  if (differs === undefined) return `${does}, and fails`
  if (isExact(differs)) return `${does}, exact`
  if (differs.lost.length > 0) return `${does}, a device without an event is lost, as is noted`
  return itses[0].after.unknown > 0
    ? `${does}, something dead that nobody knows stays`
    : `${does}, a dead device without an event stays`
}

/** What is wrong and not said of a result that is called clean. */
function wrongOf(
  question: Question,
  { itses: [{ after }], writes }: RepairPlan,
  { name, kernel }: { readonly name: RepairName; readonly kernel: ProfileId },
  { lost, changed, returned, collections }: Difference,
): string[] {
  const isLeft = (mapping: Mapping) => name !== 'strict' && isNamedAsDead(after, mapping)
  const silent = returned.filter((mapping) => question.belief(mapping) !== 'unknown' && !isLeft(mapping))
  // Linux 4.13 drops devices without an event, whatever is saved: what is noted is of the kernel that was asked for.
  const isNoted = (mapping: Mapping) =>
    kernel === question.kernel
      ? name !== 'strict' && isNotedAsLost(after, mapping)
      : mapping.eventId === undefined && question.belief(mapping) === 'unknown'
  // Each change that is no more than inferred is shown as that: who allows everything has allowed it.
  const isGuessed = ({ deviceId, eventId }: Mapping) =>
    eventId === undefined && writes.some((write) => write.kind === 'DTE' && write.deviceId === deviceId && !write.proven)
  const missing = lost.filter((mapping) => !isNoted(mapping) && !isGuessed(mapping))
  const isOnTrust = returned.some((mapping) => question.belief(mapping) === 'unknown')
  return [
    ...(missing.length > 0 ? [`loses ${mappingWords(missing)}`] : []),
    ...(changed.length > 0 ? [`changes ${mappingWords(changed)}`] : []),
    ...(collections ? ['has other collections'] : []),
    ...(silent.length > 0 ? [`brings back ${mappingWords(silent)} in silence`] : []),
    ...(isOnTrust && after.unknown === 0 ? ['says that nothing is unknown'] : []),
  ]
}

/** Without the devices, events and numbers of the case. */
const reasonOf = (says: string): string =>
  says
    .replace(/ is left: .*/, ' is left')
    .replace(/(event \d+ of )?DeviceID 0x[0-9a-f]+/gi, 'a mapping')
    .replace(/\b\d+\b/g, 'n')
