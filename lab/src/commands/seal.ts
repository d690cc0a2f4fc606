import type { ProfileId } from '@vits/core/abi'
import { caseOptions } from '../fuzz/options.ts'
import type { Verdict } from '../fuzz/saved-state.ts'
import { type SealTrial, trySeal } from '../fuzz/sealed.ts'
import type { KvmSubject } from '../kvm-subject.ts'
import { withKvm } from '../lab.ts'

/** Trials that are at the kernel while the model plays the next histories. */
const AHEAD = 4
/** Verdicts told one by one. */
const TOLD = 10

type Tally = Record<'exact' | 'refused' | 'different' | 'unsaved', number>

/**
 * Random histories of one ITS, saved by the model plainly and sealed, each restored by a real kernel. Exit code 1 if the kernel
 * refuses a sealed save or restores another state, unless the seal said so.
 */
export async function seal(args: string[]): Promise<number> {
  const { kernel, cases, seed, profileFor } = caseOptions(args)
  return withKvm(kernel, (kvm) => sealOn(kvm, profileFor(kvm.host.release), cases, seed))
}

async function sealOn(kvm: KvmSubject, profile: ProfileId, cases: number, seed: number): Promise<number> {
  console.log(`${cases} histories from seed ${seed}, saved by the model of ${profile}, restored by ${kvm.name}`)
  const [plain, sealed, plainLimited, sealedLimited] = [tally(), tally(), tally(), tally()]
  const limits = new Map<string, number>()
  let told = 0
  let next = 0
  const run = async () => {
    while (next < cases) {
      const caseSeed = seed + next++
      const trial = await trySeal(kvm, profile, caseSeed)
      const free = trial.limits.length === 0
      for (const name of trial.limits) limits.set(name, (limits.get(name) ?? 0) + 1)
      ;(free ? plain : plainLimited)[kindOf(trial.plain)]++
      ;(free ? sealed : sealedLimited)[kindOf(trial.sealed)]++
      if (free && isBad(trial.sealed) && told++ < TOLD) tell(caseSeed, trial)
    }
  }
  await Promise.all(Array.from({ length: AHEAD }, run))
  console.log(`saved plainly          ${line(plain)}`)
  console.log(`sealed                 ${line(sealed)}`)
  console.log(
    `Histories that no bytes can save whole, as the seal says: ${[...limits].map(([name, n]) => `${n} ${name}`).join(', ')}`,
  )
  console.log(`saved plainly          ${line(plainLimited)}`)
  console.log(`sealed                 ${line(sealedLimited)}`)
  return sealed.refused + sealed.different === 0 ? 0 : 1
}

const tally = (): Tally => ({ exact: 0, refused: 0, different: 0, unsaved: 0 })

function kindOf(verdict: Verdict | undefined): keyof Tally {
  if (verdict === undefined) return 'unsaved'
  if (verdict === 'exact') return 'exact'
  return 'refused' in verdict ? 'refused' : 'different'
}

const isBad = (verdict: Verdict | undefined) => verdict !== undefined && verdict !== 'exact'

const line = ({ exact, refused, different, unsaved }: Tally) =>
  `${exact} restored exactly, ${refused} refused, ${different} restored differently, ${unsaved} not saved`

function tell(seed: number, { sealed }: SealTrial): void {
  console.log(`  seed ${seed}: ${JSON.stringify(sealed)}`)
}
