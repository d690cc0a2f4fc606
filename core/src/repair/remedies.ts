import type { ProblemCode } from '../audit/index.ts'

/**
 * What can be done in guest RAM about a problem: make the `fix` that the audit proposes, mostly clearing the entry; mend the
 * `chain` it breaks; write the `collections` list anew; write the device or event anew as the `history` of the command queue
 * has it, and if it does not tell, `drop` the entry although the guest uses it.
 */
export type Remedy = 'fix' | 'chain' | 'collections' | 'history' | 'drop'

/** The remedies of each problem. One that is not here cannot be mended in guest RAM. */
export const remedies: Partial<Record<ProblemCode, readonly Remedy[]>> = {
  C101: ['collections'],
  C102: ['collections'],
  C103: ['collections'],
  C105: ['collections'],
  C106: ['collections'],
  D202: ['fix', 'history', 'drop'],
  D203: ['fix'],
  D204: ['fix'],
  D205: ['fix', 'history', 'drop'],
  D206: ['fix'],
  D207: ['fix'],
  D208: ['chain'],
  D209: ['chain', 'history'],
  D211: ['history'],
  D212: ['history'],
  D213: ['fix'],
  I301: ['fix', 'history', 'drop'],
  I302: ['fix', 'history', 'drop'],
  I303: ['fix'],
  I304: ['fix'],
  I305: ['fix'],
  I306: ['fix', 'chain'],
  I307: ['chain', 'history'],
  I308: ['history'],
  I309: ['fix'],
  L401: ['fix', 'drop'],
  L402: ['fix', 'drop'],
}
