import { disassemble } from '../abi/index.ts'
import type { Witnesses } from './beliefs.ts'

import type { Confidence, Evidence } from './finding.ts'
import type { Scene } from './scene.ts'

/** What a witness proves, unless witnesses disagree anywhere. */
export const confidence = ({ beliefs }: Scene): Confidence => (beliefs.disputed.length === 0 ? 'proven' : 'inferred')

/** What each witness says about a mapping, in words. */
export function testimonies(
  scene: Scene,
  { queue, at, pci }: Witnesses,
  whole: string,
  expected: 'mapped' | 'unmapped',
): Evidence[] {
  const evidence: Evidence[] = []
  if (queue !== 'silent') {
    const says = at === undefined ? `whole, and ${whole}` : disassemble(scene.memory, at)
    evidence.push({ witness: 'command queue', says, at, ...(queue === expected ? {} : { against: true }) })
  }
  if (pci !== 'silent') {
    const says = pci === 'mapped' ? 'a vector of the function is set to it' : 'no vector of the function is set to it'
    evidence.push({ witness: 'PCI state', says, at: undefined, ...(pci === expected ? {} : { against: true }) })
  }
  return evidence
}
