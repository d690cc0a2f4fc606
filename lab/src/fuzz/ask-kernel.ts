import { type ProfileId, profileOfKernel, profiles, type Quirks } from '@vits/core/abi'
import { ModelSubject, type Step } from '@vits/core/conformance'
import { askMany, survives } from '../ask-many.ts'
import type { KvmSubject } from '../kvm-subject.ts'
import { type Answered, answered } from './answered.ts'
import { modelled } from './side-by-side.ts'

/** The profile whose quirks tell where a host dies that nothing is known of: the oldest that any distribution still has. */
const FIRST_GUESS: ProfileId = 'linux-6.1.192'

/** What a kernel answered. */
export interface Asked {
  readonly histories: readonly Answered[]
  readonly known: Partial<Quirks>
  /** Histories under which the host died though they were cut. */
  readonly died: readonly (readonly Step[])[]
}

/**
 * Asks machines of one kernel everything that the host survives. Whether it dies of a save is asked first, once: then all other
 * histories are cut before theirs.
 *
 * @param isOurs the host is the machine that this program runs on: it is not asked whether it dies, and all are cut.
 */
export async function askKernel(
  kvms: readonly KvmSubject[],
  asked: readonly (readonly Step[])[],
  isOurs = false,
): Promise<Asked> {
  const [kvm] = kvms as readonly [KvmSubject]
  const guess = profileOfKernel(kvm.host.release)?.profile ?? FIRST_GUESS
  const quirks = { ...profiles[guess].quirks, 'null-collection-oops': true }
  const cuts = asked.map((steps) => modelled(new ModelSubject(guess, quirks), steps))
  const deadly = cuts.findIndex(({ cut }) => cut)
  const histories: Answered[] = []
  const died: (readonly Step[])[] = []
  const dies = !isOurs && deadly >= 0 && !(await survives(kvm, () => answered(kvm, asked[deadly]!)))
  const survivable = cuts.map(({ steps }, n) => (dies || isOurs ? steps : asked[n]!))
  const keep = async (machine: KvmSubject, steps: readonly Step[]) => void histories.push(await answered(machine, steps))
  await askMany(kvms, survivable, keep, (steps) => died.push(steps))
  return { histories, known: dies ? { 'null-collection-oops': true } : {}, died }
}
