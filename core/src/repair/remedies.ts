import type { ProblemCode } from '../audit/index.ts'

/**
 * What can be done in guest RAM about a problem:
 * `clear` the entry; mend the `chain` it breaks; write the `collections` list anew; write the device or event anew as the
 * `history` of the command queue has it, and if it does not tell, `drop` the entry although the guest uses it.
 */
export type Remedy = 'clear' | 'chain' | 'collections' | 'history' | 'drop'

/** The remedies of each problem. One that is not here cannot be mended in guest RAM. */
export const remedies: Partial<Record<ProblemCode, readonly Remedy[]>> = {
  C101: ['collections'],
  C102: ['collections'],
  C103: ['collections'],
  C105: ['collections'],
  C106: ['collections'],
  D202: ['clear', 'history', 'drop'],
  D203: ['clear'],
  D204: ['clear'],
  D205: ['clear', 'history', 'drop'],
  D206: ['clear'],
  D207: ['clear'],
  D208: ['chain'],
  D209: ['chain', 'history'],
  D211: ['history'],
  D212: ['history'],
  I301: ['clear', 'history', 'drop'],
  I302: ['clear', 'history', 'drop'],
  I303: ['clear'],
  I304: ['clear'],
  I305: ['clear'],
  I306: ['clear', 'chain'],
  I307: ['chain', 'history'],
  I308: ['history'],
  I309: ['clear'],
  L401: ['clear', 'drop'],
  L402: ['clear', 'drop'],
}
