export { hasStampBits, stamped, stampedHeads } from './heads.ts'
export { type SealLimit, type SealLimitName, sealLimitRows } from './limits.ts'
export {
  type RestoreAnswer,
  type RestoreVerdict,
  restoresUnder,
  restoresWith,
  stateDifference,
  successor,
} from './restores-under.ts'
export { type Sealed, seal, sealTables } from './seal.ts'
export {
  type Doubt,
  doubts,
  type KnownMappings,
  restoreWarily,
  type Standing,
  type WarilyRestored,
  type WaryOutcome,
} from './wary.ts'
