export { dteBlocks } from './blocks.ts'
export { clearEntries } from './clear.ts'
export { HOST_OOPS } from './device-save.ts'
export { footprint } from './footprint.ts'
export type { HeadKind } from './heads.ts'
export { type ObjectionName, type ObjectionRow, objections } from './objections.ts'
export { type PendingOptions, savePendingTables } from './pending.ts'
export {
  type Answer,
  GO_ON,
  type Objection,
  STOP,
  type TableReader,
  type Walked,
  type WalkLimits,
  type WalkOptions,
} from './reader.ts'
export { type Restored, restoreTables } from './restore.ts'
export { type RestoreVerdict, restoresUnder, stateDifference, successor } from './restores-under.ts'
export { type Saved, type SaveOptions, saveTables } from './save.ts'
export { type Sealed, seal } from './seal.ts'
export { type SealLimit, type SealLimitName, sealLimitRows } from './seal-limits.ts'
export { type SweepReader, type Swept, sweepTables } from './sweep.ts'
export { type LpiTables, type TableView, tableView } from './table-view.ts'
export { walkTables } from './walk.ts'
export { type Doubt, doubts, type Knowledge, restoreWarily, type WaryOutcome } from './wary.ts'
