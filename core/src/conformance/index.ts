export { type Conformance, conform } from './conform.ts'
export { ModelSubject } from './model-subject.ts'
export { doublewords, queued } from './queued.ts'
export { type ListedBlock, ramByLayout } from './ram-by-layout.ts'
export { type RecordedRestore, recordedRestores } from './recorded-restores.ts'
export * from './recording.ts'
export { itsRegisterOffset, qemuRegisterOrder, type RestoredRegister, redistributorAttributes } from './register-names.ts'
export {
  type AskedIts,
  planRestore,
  type RestoredState,
  type RestorePlan,
  restoredStates,
  type SavedState,
} from './restore-plan.ts'
export { registerReads, registersRead } from './saved-registers.ts'
export { type Image, type Looks, type RestoredIn, ScopeSteps } from './scope-steps.ts'
export { type HeadCost, type HeadCosts, measureHeads } from './seed/head-costs.ts'
export type { RestoreAnswer, SeedCase, TimedAnswer } from './seed/seed-case.ts'
export { SeedGuest } from './seed/seed-guest.ts'
export { SEED_BASE, type SeedFlow, type SeedTestOptions } from './seed/seed-options.ts'
export { runSeedTest, type SeedReport } from './seed/seed-test.ts'
export * from './step.ts'
export * from './subject.ts'
export {
  type Fate,
  type Rehearsal,
  type RehearsalOptions,
  type RehearsalReport,
  rehearseVlpis,
  type TimedStep,
} from './vlpi/rehearsal.ts'
