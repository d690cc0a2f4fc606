export { type SealLimit, type SealLimitName, sealLimitRows } from './limits.ts'
export { type RestoreVerdict, restoresUnder, stateDifference, successor } from './restores-under.ts'
export { type Sealed, seal } from './seal.ts'
export { type Doubt, doubts, type Knowledge, restoreWarily, type WaryOutcome } from './wary.ts'
