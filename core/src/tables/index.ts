export { type DteBlock, dteBlocks, namedBlocks } from './blocks.ts'
export { EntryClearer } from './clear.ts'
export { DtePlaces } from './dte-places.ts'
export { type EntryWriter, forwardedLpi, outsideRam } from './entry-writer.ts'
export { EventSet, eventKey, eventOf } from './event-set.ts'
export { footprint } from './footprint.ts'
export { type HeadKeeping, type HeadReader, type Heads, type HeadWriter, isHead, putDteHead, putIteHead } from './heads.ts'
export {
  type LpiConfiguration,
  lpiConfiguration,
  lpiConfigurations,
  type PendingBit,
  type PendingLpis,
  type PendingWord,
  pendingBit,
  pendingLpis,
  pendingWord,
  type Unread,
} from './lpi-state.ts'
export { type ObjectionName, type ObjectionRow, objections } from './objections.ts'
export { dteRanges, ittBytes, ittRanges, lpiRanges, type RegisterRange, registerRanges } from './owned-ranges.ts'
export { type PageUse, pageUses, type TableUse, tableUses, wholePages } from './page-uses.ts'
export { type PendingOptions, savePendingTables, writePendingTables } from './pending.ts'
export {
  type Answer,
  GO_ON,
  type Objection,
  STOP,
  type TableReader,
  WALK_WORK,
  type Walked,
  type WalkOptions,
} from './reader.ts'
export { type RestoredTables, type RestoreOptions, readTables, restoredBy, restoreTables, viewOf, walkInto } from './restore.ts'
export { type Saved, type SaveOptions, savePlan, saveTables, writeTables } from './save.ts'
export type { SavePlan } from './save-plan.ts'
export { isValidDte, isValidIte } from './scan.ts'
export { type SweepReader, type Swept, sweepTables, validEvents } from './sweep.ts'
export { type LpiTables, type TableView, tableView } from './table-view.ts'
export { walkTables } from './walk.ts'
