import type { ProfileId } from '../abi/index.ts'
import type { CallFailure, EventList, KernelRow } from '../audit/index.ts'
import type { Errno } from '../memory/index.ts'

/** What one kernel makes of a saved VM: the restore, and the save after it. */
export interface KernelDocument {
  readonly kernel: ProfileId
  /** Unknown when the kernel reads more than was looked at. */
  readonly verdict: KernelRow['verdict']
  readonly errno: Errno | null
  /** The call of the restore that fails. */
  readonly failure: CallFailure | null
  readonly lost: EventList
  readonly revived: EventList
  readonly misdirected: EventList
  readonly lostDevices: number
  /** How the save after the restore fails. */
  readonly save: CallFailure | null
  /** How a restore of that save differs from what was saved. */
  readonly again: string | null
  /** What happens to the host itself. */
  readonly hostTrouble: readonly string[]
}

export const kernelDocument = ({
  kernel,
  verdict,
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
  errno: errno ?? null,
  failure: failure ?? null,
  lost,
  revived,
  misdirected,
  lostDevices,
  save: save ?? null,
  again: again ?? null,
  hostTrouble,
})
