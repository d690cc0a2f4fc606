import type { Recording, Step } from '@vits/core/conformance'
import { readRecordings } from '../recording.ts'
import { stepsOf } from './case-steps.ts'
import { caseOf } from './side-by-side.ts'

const SCENARIOS = 'fixtures/vectors'
/**
 * Recordings of random histories, and what was left of them when they were shrunk: there are newer ones in plenty. And the shortest wrong
 * restores of scopes, which differ in much at once.
 */
const RANDOM = /^(histor|random|difference|scope)/
/** Seeds beyond the first few hundred whose histories tell quirks that those seldom meet; `npm run lab -- quirks` finds them. */
const TELLING = [571, 1091, 1247, 1328]

export type Scenario = Pick<Recording, 'scenario' | 'steps'>

/** What an unknown kernel is asked: the handwritten scenarios, random histories from a seed on, and some that tell rare quirks. */
export function questions(cases: number, seed: number): (readonly Step[])[] {
  const seeds = Array.from({ length: cases }, (_, n) => seed + n)
  return [...handwritten().map(({ steps }) => steps), ...[...seeds, ...TELLING].map((n) => stepsOf(caseOf(n)))]
}

/** The scenarios of fixtures/vectors, by name, each as one of its recordings has it: what is asked does not depend on who answered. */
export function handwritten(): Scenario[] {
  const longest = new Map<string, Scenario>()
  for (const { recording } of readRecordings([SCENARIOS])) {
    const { scenario, steps } = recording
    // A kernel that dies of a save was asked no further.
    if ((longest.get(scenario)?.steps.length ?? 0) < steps.length) longest.set(scenario, recording)
  }
  const timed = ({ steps }: Scenario) => steps.some(({ op }) => op === 'timing')
  return [...longest.values()].filter((recording) => !RANDOM.test(recording.scenario) && !timed(recording))
}
