import type { LintedPause } from '../trace/index.ts'

/** What `vits lint --json` prints. */
export interface LintDocument {
  /** Version of this document: keys may be added under the same number, and none goes or changes its meaning. */
  readonly schema: 1
  readonly files: readonly LintedFile[]
}

export interface LintedFile {
  readonly file: string
  /** Ioctls in the trace. */
  readonly calls: number
  /** Every save and restore in it, in order. */
  readonly pauses: readonly PauseDocument[]
}

export interface PauseDocument {
  readonly kind: 'save' | 'restore'
  /** The process. */
  readonly pid: number
  readonly firstLine: number
  readonly lastLine: number
  readonly findings: readonly TraceFindingDocument[]
}

export interface TraceFindingDocument {
  /** `restore-tables-before-its-ctlr`: what ought to come before what; `-missing`, `-again`; or a rule of a save. */
  readonly rule: string
  /** File descriptor of the ITS; null for what concerns them all. */
  readonly its: number | null
  /** Where it shows; null for what is missing everywhere. */
  readonly line: number | null
  readonly says: string
  /** No call fails: interrupts are missing, and nothing says so. */
  readonly silent: boolean
  /** The VMM that got it wrong, where one is known. */
  readonly taughtBy: string | null
}

/** What is known of one trace. */
export interface LintedTrace {
  readonly file: string
  readonly calls: number
  readonly pauses: readonly LintedPause[]
}

export const lintDocument = (traces: readonly LintedTrace[]): LintDocument => ({
  schema: 1,
  files: traces.map(({ file, calls, pauses }) => ({ file, calls, pauses: pauses.map(pauseDocument) })),
})

const pauseDocument = ({ kind, pid, lines: [firstLine, lastLine], findings }: LintedPause): PauseDocument => ({
  kind,
  pid,
  firstLine,
  lastLine,
  findings: findings.map(({ its, line, taughtBy, ...finding }) => ({
    ...finding,
    its: its ?? null,
    line: line ?? null,
    taughtBy: taughtBy ?? null,
  })),
})
