import { parseArgs } from 'node:util'
import { isProfileId, type ProfileId, profileNear, profiles } from '@vits/core/abi'

/** What commands that make random cases are told: which kernel, how many cases, from which seed, and a model of which profile. */
export function caseOptions(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      kernel: { type: 'string', default: '6.12' },
      cases: { type: 'string', default: '500' },
      seed: { type: 'string', default: '1' },
      profile: { type: 'string' },
    },
  })
  return {
    kernel: values.kernel,
    cases: wholeNumber('--cases', values.cases),
    seed: wholeNumber('--seed', values.seed),
    profileFor: (release: string) => chosenProfile(values.profile, release),
  }
}

/** Reads the number of an option. @throws Error when it is none. */
export function wholeNumber(option: string, text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${option} is a whole number, not ${text}`)
  return value
}

/** The profile that is named, or the one nearest to the kernel. @throws Error when there is none. */
function chosenProfile(id: string | undefined, release: string): ProfileId {
  const profile = id ?? profileNear(release)
  if (profile !== undefined && isProfileId(profile)) return profile
  throw new Error(`no profile ${id ?? `is near Linux ${release}`}: --profile names one of ${Object.keys(profiles).join(', ')}`)
}
