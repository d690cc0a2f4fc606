import { HostDied } from './agent.ts'
import type { KvmSubject } from './kvm-subject.ts'

/** Questions that a machine has before it while the model plays others. */
const AHEAD = 3

/**
 * Asks machines of one kernel a question for each of many things, several ahead. Those under which a machine died are asked again,
 * one at a time: what was asked of it meanwhile died with it. `died` is told under which it dies alone.
 */
export async function askMany<T>(
  kvms: readonly KvmSubject[],
  things: readonly T[],
  ask: (kvm: KvmSubject, thing: T) => Promise<void>,
  died: (thing: T) => void,
): Promise<void> {
  let next = 0
  const suspects: T[] = []
  const player = async (kvm: KvmSubject) => {
    while (next < things.length) {
      const thing = things[next++]!
      if (!(await survives(kvm, () => ask(kvm, thing)))) suspects.push(thing)
    }
  }
  await Promise.all(kvms.flatMap((kvm) => Array.from({ length: AHEAD }, () => player(kvm))))
  for (const thing of suspects) if (!(await survives(kvms[0]!, () => ask(kvms[0]!, thing)))) died(thing)
}

/** Asks a machine something; false when it died of that, and was booted again. */
export async function survives(kvm: KvmSubject, ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask()
    return true
  } catch (error) {
    if (!(error instanceof HostDied)) throw error
    await kvm.revive()
    return false
  }
}
