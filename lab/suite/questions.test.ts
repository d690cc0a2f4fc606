import { profiles, type QuirkName, quirks } from '@vits/core/abi'
import { compareAnswer, ModelSubject, type Step } from '@vits/core/conformance'
import { describe, expect, it } from 'vitest'
import { questions } from '../src/fuzz/questions.ts'

/** They need GICv4, or more collections than a table holds, or are about what 6.12.117 refuses or passes over. */
const beyondAsking: readonly QuirkName[] = [
  'queue-waits-for-cbaser',
  'ctes-past-table',
  'save-refuses-too-many-collections',
  'no-gicv41-save',
  'save-errors-told-apart',
]

const known = profiles['linux-6.12.117'].quirks
const answered = questions(200, 1).map((question) => {
  const model = new ModelSubject('linux-6.12.117', known)
  return question.map((step) => ({ ...step, ...model.play(step) }) as Step)
})

/** True when a model with the quirk turned over answers some question otherwise. */
function isTold(name: QuirkName): boolean {
  const turned = { ...known, [name]: !known[name] }
  return answered.some((question) => {
    const model = new ModelSubject('linux-6.12.117', turned)
    return question.some((step, index) => compareAnswer(index, step, model.play(step)).length > 0)
  })
}

describe('what an unknown kernel is asked', () => {
  it('tells every quirk from its absence, but for those that cannot be asked here', () => {
    const names = Object.keys(quirks) as QuirkName[]
    expect(names.filter((name) => !isTold(name))).toEqual(beyondAsking)
  })
})
