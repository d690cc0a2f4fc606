import type { KernelProfile, ProfileId, QuirkName } from '../abi/index.ts'

/** Which kernel a report is of, and why that one. No VMM writes into a saved VM which kernel it ran on. */
export interface JudgedDocument {
  /** The newest one known, because none was named; the one that was named; the one that runs on this machine. */
  readonly by: 'default' | 'name' | 'host'
  /** As it was named, or as this machine names it: `6.1.0-28-arm64`; null where none was. */
  readonly name: string | null
  /** The profile that it is, or the nearest. */
  readonly profile: ProfileId
  /** The mainline or stable release that it is, or was made from; null of a profile. */
  readonly release: string | null
  /** Whose changes it may have that the release has not. */
  readonly vendor: string | null
  /** `run`: in the lab, with the answers of this profile; `read`: in the history of its series; `like`: neither. Null of a profile. */
  readonly known: KernelProfile['known'] | null
  /** Quirks that its release has and the profile has not, or the other way round; it is judged by those of the release. */
  readonly differs: readonly QuirkName[]
}
