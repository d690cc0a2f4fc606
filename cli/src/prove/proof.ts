import type { ItsPlace } from '@vits/core/abi'
import type { View } from '@vits/core/audit'
import type { ItsProved, Proved } from '@vits/core/documents'
import { without } from './mappings.ts'

/** What a restore answers, and what it maps. */
export interface RestoreOutcome {
  /** `0`, or an errno's name. */
  readonly rc: string
  readonly view: View
}

/** What a real kernel did with one ITS, beside what `vits check` predicts. */
export interface ItsProof extends ItsProved {
  readonly predicted: RestoreOutcome
}

/** What a real kernel did with a VM. */
export interface Proof extends Omit<Proved, 'file'> {
  readonly itses: readonly ItsProof[]
}

/** Compares them; of a restore that fails as predicted, `onlyErrno` leaves out what it maps. */
export function compared(
  its: ItsPlace,
  answered: ItsProved['answered'],
  predicted: RestoreOutcome,
  { onlyErrno }: { readonly onlyErrno: boolean },
): ItsProof {
  const failed = onlyErrno && answered.rc !== '0' && answered.rc === predicted.rc
  const [lost, unexpected] = failed ? [[], []] : [without(predicted.view, answered.view), without(answered.view, predicted.view)]
  const agrees = answered.rc === predicted.rc && lost.length === 0 && unexpected.length === 0
  return { its, answered, predicted, agrees, lost, unexpected }
}
