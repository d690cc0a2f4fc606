import { profileWithId } from '../../abi/index.ts'
import { scopeRam } from '../../scope/index.ts'
import { poweredOn } from '../../scope/set-up.ts'
import { type KnownMappings, restoreWarily } from '../../seal/index.ts'
import type { Law, LawAnswer } from './law.ts'
import { difference, differenceWords, isExact, mappedBy } from './mapped.ts'
import type { Question } from './question.ts'

/** A wary restore with what the witnesses know, and with nothing. */
export const waryLaw: Law = {
  claim:
    'a wary restore brings back exactly what the guest has where nothing was on trust; where something was, it loses nothing, and no more is wrong than it says; else it refuses',
  ask: (question) => [answerOf(question, question.scene.beliefs, 'with witnesses'), answerOf(question, undefined, 'without')],
}

function answerOf({ input, image, kernel, restored, truth }: Question, known: KnownMappings | undefined, who: string): LawAnswer {
  const { scope } = image
  const its = poweredOn(scope.vcpus, scopeRam(scope), input.memory.fork(), profileWithId(kernel).quirks)
  const outcome = restoreWarily(its, known)
  if (!outcome.ok) {
    const isNeedless = typeof restored !== 'string' && isExact(difference(truth, restored))
    const doubts = [...new Set(outcome.doubts.map(({ name }) => name))].sort().join(', ')
    return { outcome: `${who}: refused${isNeedless ? ' needlessly' : ''}, ${doubts}`, contradictions: [] }
  }
  const { unvouched } = outcome.value
  const has = difference(truth, mappedBy(its, scope.deviceIds, scope.events))
  const { lost, changed, returned, collections } = has
  const isWrong = lost.length + changed.length > 0 || collections || returned.length > unvouched
  const trust = unvouched > 0 ? ', some of it on trust' : ''
  return {
    outcome: `${who}: restored${trust}${returned.length > 0 ? ', and something dead comes back' : ''}`,
    contradictions: isWrong ? [`${who}: restored with ${unvouched} on trust, and ${differenceWords(has)}`] : [],
  }
}
