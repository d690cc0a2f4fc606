export * from './recording.ts'
export * from './step.ts'
export * from './subject.ts'
