import type { Step } from '@vits/core/conformance'
import { readRecordings } from '../recording.ts'
import { stepsOf } from './case-steps.ts'
import { caseOf } from './side-by-side.ts'

const SCENARIOS = 'fixtures/vectors'
/** Recordings of random histories: there are newer ones in plenty. */
const RANDOM = /^(histor|random)/
/** Seeds beyond the first few hundred whose histories tell quirks that those seldom meet; `npm run lab -- quirks` finds them. */
const TELLING = [571, 1091, 1247, 1328]

/** What an unknown kernel is asked: the handwritten scenarios, random histories from a seed on, and some that tell rare quirks. */
export function questions(cases: number, seed: number): (readonly Step[])[] {
  const seeds = Array.from({ length: cases }, (_, n) => seed + n)
  return [...scenarios(), ...[...seeds, ...TELLING].map((n) => stepsOf(caseOf(n)))]
}

/** One recording of each handwritten scenario; what is asked does not depend on who answered. */
export function scenarios(): (readonly Step[])[] {
  const byName = new Map(readRecordings([SCENARIOS]).map(({ recording }) => [recording.scenario, recording.steps]))
  return [...byName]
    .filter(([name, steps]) => !RANDOM.test(name) && steps.every(({ op }) => op !== 'timing'))
    .map(([, steps]) => steps)
}
