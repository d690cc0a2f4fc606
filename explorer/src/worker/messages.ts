import type { ProfileId } from '@vits/core/abi'
import type {
  Chain,
  Changes,
  EventColumns,
  Facts,
  FileFacts,
  GuestMoment,
  KernelChip,
  Page,
  PlanFacts,
  Reason,
  Row,
  Timeline,
  Trap,
} from '../scene/index.ts'

/** One file of a saved VM, as a browser has it. */
export interface NamedBlob {
  readonly name: string
  readonly blob: Blob
}

/** A saved VM that the page is given. */
export interface Given {
  readonly name: string
  readonly files: readonly NamedBlob[]
}

/** Which state of which VM is looked at. */
export interface Shown {
  /** 0, or 1 where two are compared. */
  readonly vm: number
  readonly kernel: ProfileId
  readonly isAfter: boolean
  readonly its: number
}

/** What is known first; the rows themselves follow in pieces, so that no message takes the page long. */
export interface Drawing {
  readonly rowCount: number
  readonly events: EventColumns
  readonly pages: readonly Page[]
  readonly timeline: Timeline
}

/** What an audit says. */
export interface Judgement {
  readonly facts: Facts
  readonly reasons: readonly Reason[]
}

/** What can be asked of the worker, and what it answers. */
export interface Questions {
  /** The saved VMs among files that lie together, each with its files: what comes of one that is none is said when it is opened. */
  machines: { asked: { readonly files: readonly NamedBlob[] }; answer: readonly Given[] }
  open: { asked: { readonly vm: number; readonly given: Given; readonly kernel: ProfileId | undefined }; answer: Opened }
  drawing: { asked: Shown; answer: Drawing }
  judgement: { asked: Shown; answer: Judgement }
  rows: { asked: Shown & { readonly from: number; readonly to: number }; answer: readonly Row[] }
  kernels: { asked: { readonly vm: number }; answer: readonly KernelChip[] }
  plan: { asked: { readonly vm: number }; answer: PlanAnswer }
  trap: { asked: Shown; answer: Trap | undefined }
  chain: { asked: Shown & { readonly deviceId: number; readonly eventId: number | undefined }; answer: Chain }
  moment: { asked: Shown & { readonly after: number }; answer: GuestMoment }
  changes: { asked: { readonly its: number }; answer: Changes }
  text: { asked: { readonly vm: number; readonly kernel: ProfileId }; answer: string }
  caseFile: { asked: { readonly vm: number }; answer: Blob }
  repaired: { asked: { readonly vm: number }; answer: readonly NamedBlob[] }
}

/** What the repair comes to, and how it is written. */
export interface PlanAnswer extends PlanFacts {
  /** Why nothing is written, in the words of `vits repair`. */
  readonly unwritten: string
  /** The command that writes a repaired copy; nothing where the file cannot be written, or is one of several. */
  readonly command: string
}

export type Question = keyof Questions

export interface Opened {
  readonly file: FileFacts
  readonly kernel: ProfileId
}

/** To the worker. */
export interface Request<Q extends Question = Question> {
  readonly id: number
  readonly question: Q
  readonly asked: Questions[Q]['asked']
}

/** From the worker. */
export type Reply =
  | { readonly id: number; readonly answer: Questions[Question]['answer'] }
  | { readonly id: number; readonly error: string }
  | { readonly progress: string }
