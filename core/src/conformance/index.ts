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
export { SeedGuest } from './seed/seed-guest.ts'
export { runSeedTest, type SeedCase, type SeedReport, type SeedTestOptions, type TimedAnswer } from './seed/seed-test.ts'
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
