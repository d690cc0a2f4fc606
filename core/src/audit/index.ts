export { type Answer, ruleNames, ruleRow } from './answer.ts'
export { audit, type Viewpoint, viewFrom, viewpoints } from './audit.ts'
export type { Belief, Beliefs, Witnesses } from './beliefs.ts'
export type { DebugfsOutcome } from './debugfs-witness.ts'
export type { DeviceHarm } from './device-harm.ts'
export type { DeviceNoun } from './device-kinds.ts'
export { DeviceNames, type NamedDevice, type NamedFunction } from './device-names.ts'
export { undisproved, undisprovedDevices } from './disproof.ts'
export { type EntryKind, type EntryView, entryFields, entryLine } from './entries.ts'
export type { Confidence, Effect, EventId, EventList, Evidence, Finding, Fix, RegisterWrite, WordWrite } from './finding.ts'
export type { Gap } from './gaps.ts'
export { type Head, type HeadCount, headReaders, headWords } from './head.ts'
export { harmedOf, headline, unseenWords } from './headline.ts'
export { type HeadPlace, headPlaces, headsOf } from './heads.ts'
export { type History, type HistoryState, readHistory } from './history.ts'
export { groupKernels, type KernelGroup } from './kernel-groups.ts'
export { type ItsDamage, judgeKernels, type KernelRow, overrunFootprint } from './kernels.ts'
export { type Look, type LookOutcome, lookWords, type VmLook, vmLooks } from './looks.ts'
export type { MappedDevice, Mappings } from './mappings.ts'
export { deviceName, eventName } from './names.ts'
export {
  type OwedInterrupt,
  owedInterrupts,
  type QueueInterrupt,
  type QueueState,
  queueStates,
  type VcpuRule,
} from './notifications.ts'
export { orphansOf } from './passes/orphans.ts'
export { sharedPendingTables } from './passes/redistributors.ts'
export type { PendingState, StrayBit, VcpuPending } from './pending-state.ts'
export { type PendingDevice, type PendingEvent, type PendingView, pendingView } from './pending-view.ts'
export {
  type Hang,
  type Help,
  hangs,
  headings,
  isLoss,
  type ProblemCode,
  problemCode,
  problemRow,
  problems,
  type Remedy,
  type Severity,
} from './problems/index.ts'
export { type GuestThen, guestThen, type QueueCommand, queueCommands } from './queue-commands.ts'
export type { DeviceRecord } from './replay.ts'
export type { Count, QueueCounts, Report, RestoreCounts, RestoreStop } from './report.ts'
export type { CallFailure } from './restore-and-save.ts'
export { type AuditInput, Scene } from './scene.ts'
export { scenesOver, scenesReopened, setScene, setScenes } from './scenes.ts'
export { sweep } from './simulate.ts'
export { TableEntries } from './table-entries.ts'
export { type Damage, type Verdict, worst } from './verdict.ts'
export { type Change, viewDifferences } from './view-differences.ts'
export type { DeviceRow, EventRow, View } from './views.ts'
export { type TraceEnd, type TraceEntry, traceWalk, type WalkTrace } from './walk-trace.ts'
export { type HangingFinding, hangOf, type WhyHang, whyHang } from './why-hang.ts'
export type { RuleName, Said, WitnessName, WitnessRule, Word } from './witness-rules.ts'
