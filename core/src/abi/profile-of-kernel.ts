import { parseKernelName } from './kernel-names.ts'
import { type Profile, type ProfileId, profiles, releasedKernels } from './profiles.ts'
import { type QuirkName, quirkSet, quirksIn, quirksUnreadIn } from './quirks.ts'
import { type Release, releaseName, type Series, seriesOf } from './releases.ts'

/** What is known of a kernel that somebody names. */
export interface KernelProfile {
  /** The profile that is nearest to what the table of quirks has for its release. */
  readonly profile: ProfileId
  /** The mainline or stable release that it is, or was made from. */
  readonly release: string
  /** Whose changes it may have that the release has not. */
  readonly vendor: string | undefined
  /**
   * How: `run` in the lab, with this profile's answers; `read`: the history of its series up to there; `like`: neither, it is taken to
   * be what the ends of each quirk make of its number.
   */
  readonly known: 'run' | 'read' | 'like'
  /** Quirks of which it is unknown whether this release has them. */
  readonly unknown: readonly QuirkName[]
  /** Quirks that its release has and the profile has not, or the other way round: none has just these. */
  readonly differs: readonly QuirkName[]
  /** By what it is judged: the nearest profile with the quirks of its own release, and those that are unknown. */
  readonly judged: Profile
}

/** Up to which patch level the history of a series was read: the changelogs of Debian's kernels. */
const histories: Readonly<Record<Series, number>> = { '5.10': 223, '6.1': 192, '6.6': 0, '6.12': 117, '7.2': 13, '7.3': 4 }

/**
 * Finds the profile of a kernel by what `uname -r` or /proc/version says of it, or by a release (`6.1.50`). Undefined for what names no
 * kernel, or one that saves no ITS: before 4.13.
 */
export function profileOfKernel(name: string): KernelProfile | undefined {
  const named = parseKernelName(name)
  if (named === undefined || !savesAnIts(named.release)) return undefined
  const { release, vendor } = named
  const quirks = quirksIn(release)
  const differing = (id: ProfileId) => difference(quirks, profiles[id])
  const profile = releasedKernels.reduce((best, id) => (differing(id).length < differing(best).length ? id : best))
  const known = vendor === undefined ? knowledgeOf(release) : 'like'
  const unknown = known === 'like' ? quirksUnreadIn(release) : []
  const judged = { ...profiles[profile], names: quirks, quirks: quirkSet(quirks), unsettled: unknown }
  return { profile, release: releaseName(release), vendor, known, unknown, differs: differing(profile), judged }
}

function difference(names: readonly QuirkName[], profile: Profile): QuirkName[] {
  const missing = names.filter((name) => !profile.quirks[name])
  return [...missing, ...profile.names.filter((name) => !names.includes(name))]
}

function knowledgeOf(release: Release): KernelProfile['known'] {
  if (releasedKernels.some((id) => profiles[id].run.includes(releaseName(release)))) return 'run'
  return release.patch <= (histories[seriesOf(release)] ?? -1) ? 'read' : 'like'
}

const savesAnIts = ({ major, minor }: Release): boolean => major > 4 || (major === 4 && minor >= 13)
