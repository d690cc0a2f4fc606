import { disassemble } from '../abi/index.ts'
import { proves } from './answer.ts'
import type { Witnesses } from './beliefs.ts'
import { type Confidence, type Evidence, evidence } from './finding.ts'
import type { Scene } from './scene.ts'
import type { RuleName } from './witness-rules.ts'

/** What a witness proves, unless witnesses disagree anywhere. */
export const confidence = ({ beliefs }: Scene): Confidence => (beliefs.disputed.length === 0 ? 'proven' : 'inferred')

/** What a witness says by a rule that proves it is proven, unless another speaks against it. */
export function proof(scene: Scene, said: readonly Evidence[]): Confidence {
  return said.some(({ rule }) => proves(rule)) && !said.some(({ against }) => against) ? confidence(scene) : 'inferred'
}

/** What its list says, by the rule. */
const kernelWords: Readonly<Partial<Record<RuleName, string>>> = {
  'R-kernel-listed': 'its list of devices has it',
  'R-kernel-unlisted': 'its list of devices lacks it',
  'R-kernel-event': 'the event is allocated, and its LPI enabled',
  'R-kernel-free': 'the event is not allocated',
}

/** What each witness says about a mapping, in words. */
export function testimonies(
  scene: Scene,
  { queue, at, pci, kernel, kernelAt }: Witnesses,
  whole: string,
  expected: 'live' | 'dead',
): Evidence[] {
  const said: Evidence[] = []
  if (queue.says !== 'silent') {
    const says = at === undefined ? `whole, and ${whole}` : disassemble(scene.memory, at)
    said.push(evidence(queue.rule, says, at, queue.says !== expected))
  }
  if (pci.says !== 'silent') {
    const says = pci.says === 'live' ? 'a vector of the function is set to it' : 'no vector of the function is set to it'
    said.push(evidence(pci.rule, says, undefined, pci.says !== expected))
  } else if (pci.rule === 'R-pci-page') {
    said.push(evidence(pci.rule, 'a vector of the function may be set to it, behind an IOMMU', undefined, expected === 'dead'))
  }
  if (kernel.says !== 'silent')
    said.push(evidence(kernel.rule, kernelWords[kernel.rule] ?? '', kernelAt, kernel.says !== expected))
  return said
}
