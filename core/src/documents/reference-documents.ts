import { type Profile, type ProfileId, profileOf, type QuirkName } from '../abi/index.ts'
import { type Help, type ProblemCode, problemRow, type RuleName, ruleRow, type Said, type Severity } from '../audit/index.ts'
import { type KnownFormat, knownFormats } from '../formats/index.ts'
import type { Errno } from '../memory/index.ts'
import {
  type ExplainedErrno,
  type ExplainedMessage,
  type LoggedMessage,
  type MessageName,
  messageRow,
  type Speaker,
  steps,
} from '../messages/index.ts'

/** What `vits explain --json` prints. */
export interface ExplainDocument {
  /** Version of this document: keys may be added under the same number, and none goes or changes its meaning. */
  readonly schema: 1
  readonly problems: readonly ProblemDocument[]
  /** Of witnesses, where they were asked for. */
  readonly rules?: readonly RuleDocument[]
  /** Of the GIC and the ITS, where they were asked for. */
  readonly errnos?: readonly ErrnoDocument[]
  /** Of VMMs and kernels, where they were asked for. */
  readonly messages?: readonly MessageDocument[]
  /** What was asked for and is no message that is known. */
  readonly unknown?: readonly UnknownText[]
}

/** A message of a VMM or a kernel, and what it leads to. */
export interface MessageDocument {
  readonly message: MessageName
  readonly by: Speaker
  /** Its forms; `<name>` stands for what differs from time to time. */
  readonly says: readonly string[]
  readonly versions: string
  readonly means: string
  /** What KVM answered, where the text tells. */
  readonly errno: Errno | null
  /** Of which device and what the attribute is that was refused, where the text tells; no device for a group that neither has. */
  readonly attribute: { readonly device: 'ITS' | 'GIC' | null; readonly name: string } | null
  /** Why the attribute is answered so. */
  readonly because: string | null
  /** The problems of a saved VM that make it. */
  readonly problems: readonly ProblemCode[]
  /** Command lines; FILE is the saved VM. */
  readonly next: readonly string[]
  /** Where it stands first, counted from 1, and in how many lines, when a log was read. */
  readonly line?: number
  readonly times?: number
  readonly text?: string
}

/** What an errno of the GIC and the ITS means. */
export interface ErrnoDocument {
  readonly errno: Errno
  readonly number: number
  /** In the words of strerror(3). */
  readonly text: string
  /** The attributes that answer so, and why. */
  readonly calls: ExplainedErrno['calls']
  /** The entries at which a restore of the tables ends so. */
  readonly restore: readonly { readonly entry: string; readonly because: string }[]
  /** The problems of a saved VM that make a restore end so. */
  readonly problems: readonly ProblemCode[]
}

/** A text that is no known message. */
export interface UnknownText {
  readonly text: string
  /** The messages that are most like it. */
  readonly nearest: readonly MessageName[]
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

/** What `explainDocument` takes beside problems and rules. */
export interface ExplainedTexts {
  readonly errnos?: readonly ExplainedErrno[]
  readonly messages?: readonly (ExplainedMessage | LoggedMessage)[]
  readonly unknown?: readonly UnknownText[]
}

export const explainDocument = (
  codes: readonly ProblemCode[],
  rules: readonly RuleName[] = [],
  { errnos = [], messages = [], unknown = [] }: ExplainedTexts = {},
): ExplainDocument => ({
  schema: 1,
  problems: codes.map((code) => {
    const { slug, usually, help } = problemRow(code)
    return { code, slug, usually, help }
  }),
  ...(rules.length === 0 ? {} : { rules: rules.map(ruleDocument) }),
  ...(errnos.length === 0 ? {} : { errnos: errnos.map(errnoDocument) }),
  ...(messages.length === 0 ? {} : { messages: messages.map(messageDocument) }),
  ...(unknown.length === 0 ? {} : { unknown }),
})

const errnoDocument = ({ objections, ...rest }: ExplainedErrno): ErrnoDocument => ({
  ...rest,
  restore: objections.map(({ what, says }) => ({ entry: what, because: says })),
})

function messageDocument(found: ExplainedMessage | LoggedMessage): MessageDocument {
  const { name, errno = null, attribute, because = null, problems, next } = found
  const { by, says, versions, means } = messageRow(name)
  return {
    message: name,
    by,
    says,
    versions,
    means,
    errno,
    attribute: attribute === undefined ? null : { device: attribute.device ?? null, name: attribute.names },
    because,
    problems,
    next: next.map((step) => steps[step][0]),
    ...('line' in found ? { line: found.line, times: found.times, text: found.text } : {}),
  }
}

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
