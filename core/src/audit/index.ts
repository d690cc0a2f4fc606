export { audit, type Viewpoint, viewFrom, viewpoints } from './audit.ts'
export { type Budget, defaultBudget } from './budget.ts'
export { type EntryKind, type EntryView, entryFields, entryLine } from './entries.ts'
export type { Confidence, Effect, EventId, Evidence, Finding, Fix, WordWrite } from './finding.ts'
export { type History, readHistory } from './history.ts'
export { type ItsDamage, judgeKernels, type KernelRow, overrunFootprint } from './kernels.ts'
export type { MappedDevice, Mappings } from './mappings.ts'
export { deviceName, eventName } from './names.ts'
export { orphansOf } from './passes/orphans.ts'
export {
  type Help,
  headings,
  isLoss,
  type ProblemCode,
  problemCode,
  problemRow,
  problems,
  type Remedy,
  type Severity,
} from './problems/index.ts'
export type { CallFailure } from './rehearsal.ts'
export type { DeviceRecord } from './replay.ts'
export type { Count, QueueCounts, Report, RestoreStop } from './report.ts'
export { type AuditInput, type ItsPlace, Scene, scenesOver, setScene, setScenes } from './scene.ts'
export { sweep } from './simulate.ts'
export type { Damage, Verdict } from './verdict.ts'
export { type Change, viewDifferences } from './view-differences.ts'
export type { DeviceRow, EventRow, View } from './views.ts'
