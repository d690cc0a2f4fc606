import { debugfsRules } from './rules/debugfs.ts'
import { kernelRules } from './rules/kernel.ts'
import { pciRules } from './rules/pci.ts'
import { queueRules } from './rules/queue.ts'
import type { Said, WitnessName, WitnessRule, Word } from './rules/rule.ts'
import { tableRules } from './rules/tables.ts'
import { virtqueueRules } from './rules/virtqueue.ts'

export type { Said, WitnessName, WitnessRule, Word } from './rules/rule.ts'

/**
 * Every rule by which a witness speaks, or is silent. An answer of a witness is one of these: what no rule lets it say, it does not say.
 * docs/guests.md tells what each guest does and prints them.
 */
export const witnessRules = {
  ...queueRules,
  ...pciRules,
  ...kernelRules,
  ...debugfsRules,
  ...tableRules,
  ...virtqueueRules,
} as const satisfies Readonly<Record<string, WitnessRule>>

export type RuleName = keyof typeof witnessRules
/** The rules that are about mappings. */
export type MappingRule = {
  [R in RuleName]: (typeof witnessRules)[R] extends { says: Word } ? R : never
}[RuleName]
/** The rules by which a witness speaks, or says one word. */
export type RuleOf<W extends WitnessName, S extends Said = Said> = {
  [R in RuleName]: (typeof witnessRules)[R] extends { witness: W; says: S } ? R : never
}[RuleName]
