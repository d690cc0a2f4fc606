export { audit, type Viewpoint, viewFrom, viewpoints } from './audit.ts'
export { type EntryKind, type EntryView, entryFields, entryLine } from './entries.ts'
export type { Confidence, Effect, EventId, Evidence, Finding, Fix, WordWrite } from './finding.ts'
export { type DeviceRecord, type History, readHistory } from './history.ts'
export { judgeKernels, type KernelRow, overrunFootprint } from './kernels.ts'
export { deviceName, eventName } from './names.ts'
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
export type { Count, QueueTold, Report, Stop } from './report.ts'
export type { AuditInput } from './scene.ts'
export type { Damage, Verdict } from './verdict.ts'
export type { DeviceRow, EventRow, View } from './views.ts'
