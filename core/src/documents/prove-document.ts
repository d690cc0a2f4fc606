import type { ItsPlace, ProfileId } from '../abi/index.ts'
import type { View } from '../audit/index.ts'
import { type Address, address } from './hexadecimal.ts'
import { type RowsDocument, rowsDocument } from './view-document.ts'

/**
 * What `vits prove --json` prints: what a real KVM did, beside what `vits check` predicts.
 *
 * Where a VM has several ITSes, what stands at the top is of all of them together: the first errno, the rows and mappings of all.
 */
export interface ProveDocument extends ProofDocument {
  /** Version of this document: keys may be added under the same number, and none goes or changes its meaning. */
  readonly schema: 1
  /** The file, as it was named. */
  readonly file: string
  /** The kernel's stable release: `6.12.117`. */
  readonly kernel: string
  /** The profile that check predicts for. */
  readonly profile: ProfileId
  /** One for each ITS, in the order of the file. */
  readonly itses: readonly ItsProofDocument[]
}

/** What the calls of a restore did, RESTORE_TABLES the last of them. */
export interface ProofDocument {
  /** The first call that failed, or the last; what it answered, `0` or the name of an errno; and what RESTORE_TABLES mapped. */
  readonly answered: { readonly call: string; readonly rc: string; readonly view: RowsDocument }
  readonly predicted: { readonly rc: string }
  readonly agrees: boolean
  /** Mappings that were predicted and not restored. */
  readonly lost: readonly string[]
  /** Mappings that were restored and not predicted. */
  readonly unexpected: readonly string[]
}

/** What the calls to one ITS did. */
export interface ItsProofDocument extends ProofDocument {
  /** Its place in the machine. */
  readonly its: number
  /** Where its frames are, where the file or the machine type tells. */
  readonly base: Address | null
}

/** A restore of one ITS that was asked for and predicted. */
export interface ItsProved extends Omit<ProofDocument, 'answered'> {
  readonly its: ItsPlace
  readonly answered: { readonly call: string; readonly rc: string; readonly view: View }
}

/** A restore of a VM that was asked for and predicted. */
export interface Proved extends Pick<ProveDocument, 'file' | 'kernel' | 'profile'> {
  /** One for each ITS. */
  readonly itses: readonly ItsProved[]
}

export function proveDocument({ file, kernel, profile, itses: proved }: Proved): ProveDocument {
  const itses = proved.map(itsDocument)
  return { schema: 1, file, kernel, profile, ...together(itses), itses }
}

const itsDocument = ({ its, answered, predicted, agrees, lost, unexpected }: ItsProved): ItsProofDocument => ({
  its: its.index,
  base: address(its.base),
  answered: { ...answered, view: rowsDocument(answered.view, its.index) },
  predicted: { rc: predicted.rc },
  agrees,
  lost,
  unexpected,
})

const together = (itses: readonly ProofDocument[]): ProofDocument => ({
  answered: {
    ...firstFailed(itses.map(({ answered }) => answered)),
    view: {
      collections: itses.flatMap(({ answered }) => answered.view.collections),
      devices: itses.flatMap(({ answered }) => answered.view.devices),
    },
  },
  predicted: firstFailed(itses.map(({ predicted }) => predicted)),
  agrees: itses.every(({ agrees }) => agrees),
  lost: itses.flatMap(({ lost }) => lost),
  unexpected: itses.flatMap(({ unexpected }) => unexpected),
})

const firstFailed = <A extends { readonly rc: string }>(answers: readonly A[]): A =>
  answers.find(({ rc }) => rc !== '0') ?? answers[0]!
