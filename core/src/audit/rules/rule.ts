/** Who tells of mappings, and of interrupts that are owed. `file`: what the saved file holds at all. */
export type WitnessName =
  | 'command queue'
  | 'PCI state'
  | 'guest kernel'
  | 'debugfs'
  | 'chain'
  | 'LPI configuration'
  | 'tables'
  | 'file'
  | 'virtqueue'
  | 'pending table'
  | 'vCPU state'

/** What a witness says of a mapping. */
export type Word = 'live' | 'dead' | 'silent'

/** `owed`: of an interrupt, that the guest is owed it; such a rule is about no mapping. */
export type Said = Word | 'owed'

/** Lets one witness say one thing. */
export interface WitnessRule {
  readonly witness: WitnessName
  readonly says: Said
  /** It follows from something else, and proves nothing. */
  readonly weak?: true
  /** When it holds. */
  readonly when: string
  /** What it does not reach: the witness says something else there, or nothing. */
  readonly limit: string
  /** For which guests and machines, and since when. */
  readonly holds: string
  readonly source: string
}
/** A row of the catalogue, its words kept as types. */
export const rule = <const R extends WitnessRule>(row: R): R => row
