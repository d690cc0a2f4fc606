import { named } from '../memory/index.ts'
import { type MappingRule, type RuleName, type RuleOf, type WitnessRule, type Word, witnessRules } from './witness-rules.ts'

/** What a witness says, and the rule that lets it. */
export interface Answer<R extends MappingRule = MappingRule> {
  readonly rule: R
  readonly says: Word
}

export type QueueAnswer = Answer<RuleOf<'command queue' | 'file'>>
export type PciAnswer = Answer<RuleOf<'PCI state' | 'file'>>
export type KernelAnswer = Answer<RuleOf<'guest kernel' | 'file'>>

/** The names of all rules, by witness. */
export const ruleNames = Object.keys(witnessRules) as readonly RuleName[]

/** What a rule is about. */
export const ruleRow = (rule: RuleName): WitnessRule => named(witnessRules, 'rule', rule)

const isOfMapping = (name: RuleName): name is MappingRule => witnessRules[name].says !== 'owed'

const answers = new Map<RuleName, Answer>(
  ruleNames.filter(isOfMapping).map((name) => [name, { rule: name, says: witnessRules[name].says }]),
)

/** The answer that a rule gives: always the same object. */
export const answer = <R extends MappingRule>(name: R): Answer<R> => answers.get(name) as Answer<R>

/** What a rule lets a witness say proves it, unless another witness speaks against it. */
export const proves = (name: RuleName): boolean => ruleRow(name).weak !== true && ruleRow(name).says !== 'silent'
