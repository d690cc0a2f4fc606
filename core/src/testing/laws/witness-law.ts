import { orphansOf } from '../../audit/index.ts'
import type { Law, LawAnswer } from './law.ts'
import { type Mapping, mappingWords } from './mapped.ts'
import type { Question } from './question.ts'

/** What witnesses say of each device and event, against what the guest has. */
export const witnessLaw: Law = {
  claim: 'no live mapping is called dead or an orphan, and no dead one live',
  ask: (question) => [...question.mappings()].map((mapping) => answerOn(question, mapping)),
}

function answerOn(question: Question, mapping: Mapping): LawAnswer {
  const isLive = question.isLive(mapping)
  const belief = question.belief(mapping)
  const { orphans } = orphansOf(question.scene)
  const { deviceId, eventId } = mapping
  const isOrphan = eventId === undefined ? orphans.hasDevice(deviceId) : orphans.hasEvent(deviceId, eventId)
  const isWrong = (isLive && (belief === 'dead' || isOrphan)) || (!isLive && belief === 'live') || belief === 'disputed'
  const said = `${belief}${isOrphan ? ', an orphan' : ''}`
  return {
    outcome: `${isLive ? 'live' : 'dead'}: ${said}`,
    contradictions: isWrong ? [`${mappingWords([mapping])} is ${isLive ? 'live' : 'dead'}, and called ${said}`] : [],
  }
}
