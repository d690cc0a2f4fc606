import { isProfileId, type ProfileId, profileNear, profiles } from '@vits/core'

/** Reads the number of an option. @throws Error when it is none. */
export function wholeNumber(option: string, text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${option} is a whole number, not ${text}`)
  return value
}

/** The profile that is named, or the one nearest to the kernel. @throws Error when there is none. */
export function chosenProfile(id: string | undefined, release: string): ProfileId {
  const profile = id ?? profileNear(release)
  if (profile !== undefined && isProfileId(profile)) return profile
  throw new Error(`no profile ${id ?? `is near Linux ${release}`}: --profile names one of ${Object.keys(profiles).join(', ')}`)
}
