import type { ProfileId } from '@vits/core/abi'
import { seal } from '@vits/core/seal'
import { saveTables } from '@vits/core/tables'
import type { KvmSubject } from '../kvm-subject.ts'
import { itsOf, oneItsHistory, played, type Verdict, verdict } from './saved-state.ts'

/** What a kernel makes of one history, saved plainly and sealed. Undefined: nothing was saved, KVM's save fails too. */
export interface SealTrial {
  readonly plain: Verdict | undefined
  readonly sealed: Verdict | undefined
  /** What no bytes can help on this kernel; empty in most. */
  readonly limits: readonly string[]
}

/** Plays a history of one ITS on the model, saves it both ways, and lets a kernel restore each. */
export async function trySeal(kvm: KvmSubject, profile: ProfileId, seed: number): Promise<SealTrial> {
  const history = oneItsHistory(seed)
  const plain = played(profile, history)
  const saved = saveTables(itsOf(plain))
  const sealed = played(profile, history)
  const closed = seal(itsOf(sealed))
  const limits = closed.ok ? closed.value.limits.filter(({ profiles }) => profiles.includes(profile)).map(({ name }) => name) : []
  return {
    plain: saved.ok ? await verdict(kvm, plain, profile) : undefined,
    sealed: closed.ok ? await verdict(kvm, sealed, profile) : undefined,
    limits: [...new Set(limits)],
  }
}
