import { type Profile, type ProfileId, profileOf, type QuirkName } from '../abi/index.ts'
import { type Help, type ProblemCode, problemRow, type RuleName, ruleRow, type Said, type Severity } from '../audit/index.ts'
import { type KnownFormat, knownFormats } from '../formats/index.ts'

/** What `vits explain --json` prints. */
export interface ExplainDocument {
  /** Version of this document: keys may be added under the same number, and none goes or changes its meaning. */
  readonly schema: 1
  readonly problems: readonly ProblemDocument[]
  /** Of witnesses, where they were asked for. */
  readonly rules?: readonly RuleDocument[]
}

/** A rule by which a witness speaks, or is silent. */
export interface RuleDocument {
  readonly rule: RuleName
  readonly witness: string
  /** What it lets the witness say of a mapping; or of an interrupt, that it is owed. */
  readonly says: Said
  /** It follows from something else, and proves nothing. */
  readonly weak: boolean
  readonly when: string
  /** What it does not reach. */
  readonly limit: string
  /** For which guests and machines, and since when. */
  readonly holds: string
  readonly source: string
}

/** One kind of problem. */
export interface ProblemDocument {
  readonly code: ProblemCode
  readonly slug: string
  /** What it mostly does; what it does in a given VM is measured. */
  readonly usually: Severity
  readonly help: Help
}

export const explainDocument = (codes: readonly ProblemCode[], rules: readonly RuleName[] = []): ExplainDocument => ({
  schema: 1,
  problems: codes.map((code) => {
    const { slug, usually, help } = problemRow(code)
    return { code, slug, usually, help }
  }),
  ...(rules.length === 0 ? {} : { rules: rules.map(ruleDocument) }),
})

function ruleDocument(rule: RuleName): RuleDocument {
  const { witness, says, weak = false, when, limit, holds, source } = ruleRow(rule)
  return { rule, witness, says, weak, when, limit, holds, source }
}

/** What `vits formats --json` prints. */
export interface FormatsDocument {
  /** Version of this document: keys may be added under the same number, and none goes or changes its meaning. */
  readonly schema: 1
  readonly formats: readonly KnownFormat[]
}

export const formatsDocument = (): FormatsDocument => ({ schema: 1, formats: knownFormats })

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
  /** How it differs from the newest; of a kernel that was named, its own. */
  readonly quirks: readonly QuirkName[]
  /** Those of which it is unknown whether the kernel that was named has them. */
  readonly unsettled: readonly QuirkName[]
}

export const kernelsDocument = (kernels: readonly (ProfileId | Profile)[]): KernelsDocument => ({
  schema: 1,
  kernels: kernels.map(profileOf).map(({ id, title, names, unsettled = [] }) => ({ id, title, quirks: names, unsettled })),
})
