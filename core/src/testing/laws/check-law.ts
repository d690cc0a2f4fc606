import type { Finding, Report } from '../../audit/index.ts'
import type { Law } from './law.ts'
import { type Difference, differenceWords, isExact, type Mapping, mappingWords } from './mapped.ts'
import { isNamedAsDead, isNotedAsLost } from './named.ts'
import type { Question } from './question.ts'

/** The verdict and the counts of a report, against what the kernel restores of what the guest has. */
export const checkLaw: Law = {
  claim:
    'the verdict and the lost and returned devices and events are those of the restore, beside the true history; where the queue does not tell all, nothing that is said is wrong, and no restore is called clean that loses an interrupt',
  ask: (question) => [answerOn(question)],
}

function answerOn(question: Question) {
  const { report, restored } = question
  const { verdict } = report
  if (typeof restored === 'string') {
    const isTold = verdict === 'fails' && restored.startsWith(`${report.errno}`)
    return {
      outcome: `${verdict}: ${restored}`,
      contradictions: isTold ? [] : [`it fails with ${restored}, and the verdict is ${verdict}`],
    }
  }
  const truth = question.from(restored)
  const contradictions = [
    ...(verdict === 'restores' ? cleanly(question, truth) : []),
    ...(verdict === 'corrupts' && report.hiddenDevices === 0 && isExact(truth) ? ['nothing goes wrong'] : []),
    ...(verdict === 'fails' || verdict === 'undecided' ? [`the verdict is ${verdict}`] : []),
    ...counted(question, truth),
  ]
  return {
    outcome: outcomeOf(report, truth),
    contradictions: contradictions.map((says) => `${says}: a restore ${differenceWords(truth) || 'is exact'}`),
  }
}

function outcomeOf({ verdict, unknown }: Report, truth: Difference): string {
  const trust = unknown > 0 ? ', some of it on trust' : ''
  if (verdict !== 'restores') return `${verdict}${isExact(truth) ? ' perhaps, and is exact' : ''}`
  if (isExact(truth)) return `restores${trust}, and is exact`
  if (truth.lost.length > 0) return `restores${trust}, and a device without an event is lost, as is noted`
  return `restores${trust}, and something dead comes back, as is said`
}

/** A restore that is called clean: what comes back and is dead, and of what it is said. */
function cleanly(question: Question, { lost, changed, returned, collections }: Difference): string[] {
  const { unknown } = question.report
  const onTrust = returned.filter((mapping) => question.belief(mapping) === 'unknown')
  const silent = returned.filter((mapping) => !onTrust.includes(mapping) && !isNamedAsDead(question.report, mapping))
  const missing = lost.filter((mapping) => !isNotedAsLost(question.report, mapping))
  return [
    ...question.report.findings.filter(isHarm).map(({ code }) => `called clean, and ${code} does harm`),
    ...(missing.length > 0 ? [`called clean, and loses ${mappingWords(missing)}`] : []),
    ...(changed.length > 0 ? [`called clean, and changes ${mappingWords(changed)}`] : []),
    ...(collections ? ['called clean, and the collections differ'] : []),
    ...(silent.length > 0 ? [`called clean, and brings back ${mappingWords(silent)} in silence`] : []),
    ...(eventsOf(onTrust).length > unknown ? [`only ${unknown} events are said to be unknown`] : []),
  ]
}

const isHarm = ({ severity }: Finding) => severity === 'fails' || severity === 'corrupts'

/** What is said to be lost, to come back from the dead, and to change. */
function counted({ report }: Question, { lost, returned, changed }: Difference): string[] {
  const devices = (of: (harm: Report['harmed'][number]) => boolean) => report.harmed.filter(of).length
  const sayings = [
    ['events are lost', report.lost, eventsOf(lost).length],
    ['devices are lost', devices(({ isLost }) => isLost), lost.length - eventsOf(lost).length],
    ['dead events come back', report.revived, eventsOf(returned).length],
    ['events change', report.misdirected, eventsOf(changed).length],
    ['devices change', devices(({ isMisplaced }) => isMisplaced), changed.length - eventsOf(changed).length],
  ] as const
  return sayings
    .filter(([, said, is]) => (report.whole ? said !== is : said > is))
    .map(([what, said, is]) => `${said} ${what}, it says, and it is ${is}`)
}

const eventsOf = (list: readonly Mapping[]): readonly Mapping[] => list.filter(({ eventId }) => eventId !== undefined)
