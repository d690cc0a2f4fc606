import { type ProfileId, profiles, type QuirkName } from '../abi/index.ts'
import { type Help, type ProblemCode, problems, type Severity } from '../audit/index.ts'

/** What `vits explain --json` prints. */
export interface ExplainDocument {
  /** Version of this document: keys may be added under the same number, and none goes or changes its meaning. */
  readonly schema: 1
  readonly problems: readonly ProblemDocument[]
}

/** One kind of problem. */
export interface ProblemDocument {
  readonly code: ProblemCode
  readonly slug: string
  /** What it mostly does; what it does in a given VM is measured. */
  readonly usually: Severity
  readonly help: Help
}

export const explainDocument = (codes: readonly ProblemCode[]): ExplainDocument => ({
  schema: 1,
  problems: codes.map((code) => {
    const { slug, usually, help } = problems[code]
    return { code, slug, usually, help }
  }),
})

/** What `vits kernels --json` prints. */
export interface KernelsDocument {
  /** Version of this document: keys may be added under the same number, and none goes or changes its meaning. */
  readonly schema: 1
  readonly kernels: readonly ProfileDocument[]
}

/** A kernel whose behaviour is known. */
export interface ProfileDocument {
  readonly id: ProfileId
  readonly title: string
  /** How it differs from the newest. */
  readonly quirks: readonly QuirkName[]
}

export const kernelsDocument = (ids: readonly ProfileId[]): KernelsDocument => ({
  schema: 1,
  kernels: ids.map((id) => ({ id, title: profiles[id].title, quirks: profiles[id].names })),
})
