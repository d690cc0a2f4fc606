import type { ProfileId, QuirkName } from '../abi/index.ts'
import type { CallFailure, EventList, KernelRow } from '../audit/index.ts'
import type { Errno } from '../memory/index.ts'

/** What one kernel makes of a saved VM: the restore, and the save after it. */
export interface KernelDocument {
  readonly kernel: ProfileId
  /** Undecided when the kernel reads more than was looked at, or when it hangs on what is unknown of the kernel. */
  readonly verdict: KernelRow['verdict']
  /** The quirks that it hangs on, of which it is unknown whether the kernel has them. */
  readonly hangsOn: readonly QuirkName[]
  readonly errno: Errno | null
  /** The call of the restore that fails. */
  readonly failure: CallFailureDocument | null
  readonly lost: EventList
  readonly revived: EventList
  readonly misdirected: EventList
  readonly lostDevices: number
  /** How the save after the restore fails. */
  readonly save: CallFailureDocument | null
  /** How a restore of that save differs from what was saved. */
  readonly again: string | null
  /** What happens to the host itself. */
  readonly hostTrouble: readonly string[]
}

/** A call that a kernel fails. */
export interface CallFailureDocument extends Omit<CallFailure, 'its'> {
  /** The ITS that was called, its place in the machine; null where it was the GIC. */
  readonly its: number | null
}

export const kernelDocument = ({
  kernel,
  verdict,
  hangsOn = [],
  errno,
  failure,
  lost,
  revived,
  misdirected,
  lostDevices,
  save,
  again,
  hostTrouble,
}: KernelRow): KernelDocument => ({
  kernel,
  verdict,
  hangsOn,
  errno: errno ?? null,
  failure: failureDocument(failure),
  lost,
  revived,
  misdirected,
  lostDevices,
  save: failureDocument(save),
  again: again ?? null,
  hostTrouble,
})

const failureDocument = (failure: CallFailure | undefined): CallFailureDocument | null =>
  failure === undefined ? null : { ...failure, its: failure.its?.index ?? null }
