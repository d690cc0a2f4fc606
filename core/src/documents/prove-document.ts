import type { ProfileId } from '../abi/index.ts'
import type { View } from '../audit/index.ts'
import { type RowsDocument, rowsDocument } from './view-document.ts'

/** What `vits prove --json` prints: what a real KVM did, beside what `vits check` predicts. */
export interface ProveDocument {
  /** Version of this document: keys may be added under the same number, and none goes or changes its meaning. */
  readonly schema: 1
  /** The file, as it was named. */
  readonly file: string
  /** The kernel's stable release: `6.12.117`. */
  readonly kernel: string
  /** The profile that check predicts for. */
  readonly profile: ProfileId
  /** What RESTORE_TABLES answered, `0` or the name of an errno, and the mappings that it restored. */
  readonly answered: { readonly rc: string; readonly view: RowsDocument }
  readonly predicted: { readonly rc: string }
  readonly agrees: boolean
  /** Mappings that were predicted and not restored. */
  readonly lost: readonly string[]
  /** Mappings that were restored and not predicted. */
  readonly unexpected: readonly string[]
}

/** A restore that was asked for and predicted. */
export interface Proved extends Omit<ProveDocument, 'schema' | 'answered'> {
  readonly answered: { readonly rc: string; readonly view: View }
}

export const proveDocument = ({
  file,
  kernel,
  profile,
  answered,
  predicted,
  agrees,
  lost,
  unexpected,
}: Proved): ProveDocument => ({
  schema: 1,
  file,
  kernel,
  profile,
  answered: { rc: answered.rc, view: rowsDocument(answered.view) },
  predicted: { rc: predicted.rc },
  agrees,
  lost,
  unexpected,
})
