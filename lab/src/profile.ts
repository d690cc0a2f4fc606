import type { ProfileId } from '@vits/core'

/** The profile of the model that stands for a stable series: what Debian's kernels of that series have been measured to be. */
const profileOfSeries: Readonly<Record<string, ProfileId>> = { '6.1': 'linux-6.1.192', '6.12': 'linux-6.12.117' }

/** @throws Error when no profile stands for this release. */
export function profileOf(release: string): ProfileId {
  const profile = profileOfSeries[release.split('.').slice(0, 2).join('.')]
  if (profile === undefined) throw new Error(`no profile stands for Linux ${release}: name one with --profile`)
  return profile
}
