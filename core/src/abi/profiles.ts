import { named } from '../memory/index.ts'
import { isProposed, type QuirkName, type Quirks, quirkSet, quirksIn } from './quirks.ts'
import { parseRelease, type Release } from './releases.ts'

/** A kernel whose behaviour is known, as the quirks it has. */
export interface Profile {
  readonly id: ProfileId
  readonly title: string
  /** The release that it stands for: its quirks are those that the table of quirks has for it. */
  readonly release: string
  /** Releases that were run in the lab and answer as this profile does; none where its source was read only. */
  readonly run: readonly string[]
  readonly quirks: Quirks
  readonly names: readonly QuirkName[]
  /** Of a kernel that was named: the quirks of which it is unknown whether it has them. What hangs on one is judged both ways. */
  readonly unsettled?: readonly QuirkName[]
}

interface Declared {
  readonly title: string
  readonly release: string
  readonly run?: readonly string[]
  /** What a proposal has that its release has not. */
  readonly beside?: readonly QuirkName[]
}

/** A profile is named for the newest release that was run with it, or for the series where none was or where all of it is meant. */
const declared = {
  'linux-4.13': { title: 'Linux 4.13, the first with save and restore', release: '4.13.9', run: ['4.13.9'] },
  'linux-5.10': { title: 'Linux 5.10 to 5.10.151', release: '5.10' },
  'linux-5.10.223': { title: 'Linux 5.10.152 and later (Debian 11)', release: '5.10.223', run: ['5.10.218', '5.10.223'] },
  'linux-6.6': { title: 'Linux 6.6 as first released, 6.1 to 6.1.119', release: '6.6' },
  'linux-6.1.174': { title: 'Linux 6.1.120 to 6.1.174 (Debian 12)', release: '6.1.174', run: ['6.1.164', '6.1.174'] },
  'linux-6.1.190': { title: 'Linux 6.1.175 to 6.1.190 (Debian 12)', release: '6.1.190', run: ['6.1.176', '6.1.190'] },
  'linux-6.1.192': { title: 'Linux 6.1.191 and later (Debian 12)', release: '6.1.192', run: ['6.1.192'] },
  'linux-6.12': { title: 'Linux 6.12, 6.12.1', release: '6.12', run: ['6.12'] },
  'linux-6.12.90': {
    title: 'Linux 6.12.2 to 6.12.91 (Debian 13), 6.13 to 6.16',
    release: '6.12.90',
    run: ['6.12.43', '6.12.90', '6.16.3'],
  },
  'linux-6.12.111': { title: 'Linux 6.12.92 to 6.12.111 (Debian 13)', release: '6.12.111', run: ['6.12.94', '6.12.111'] },
  'linux-6.12.113': { title: 'Linux 6.12.113 (Debian 13)', release: '6.12.113', run: ['6.12.113'] },
  'linux-6.12.117': { title: 'Linux 6.12.114 and later (Debian 13)', release: '6.12.117', run: ['6.12.117'] },
  'linux-6.19.14': { title: 'Linux 6.17 to 6.19', release: '6.19.14', run: ['6.17.13', '6.18.15', '6.19.14'] },
  'linux-7.0.13': { title: 'Linux 7.0.13', release: '7.0.13', run: ['7.0.13'] },
  'linux-7.1.13': { title: 'Linux 7.1.13', release: '7.1.13', run: ['7.1.13'] },
  'linux-7.2.6': { title: 'Linux 7.2 to 7.2.8', release: '7.2.6', run: ['7.2.6'] },
  'linux-7.2.13': { title: 'Linux 7.2.10 and later', release: '7.2.13', run: ['7.2.13'] },
  'linux-7.3': { title: 'Linux 7.3 to 7.3.3', release: '7.3', run: ['7.3-rc7'] },
  'linux-7.3.4': { title: 'Linux 7.3.4', release: '7.3.4', run: ['7.3.4'] },
  'proposal-2017': {
    title: 'the fixes of September 2017 as posted (v2), where they differ from what 4.15 has of them',
    release: '4.15',
    beside: ['enable-unchecked', 'queue-waits-for-cbaser', 'both-tables-attempted', 'save-errors-told-apart'],
  },
  'proposal-2024': {
    title: 'the dummy head as posted in November 2024, on 6.12',
    release: '6.12',
    run: ['6.12'],
    beside: ['proposed-head'],
  },
} as const satisfies Record<string, Declared>

export type ProfileId = keyof typeof declared

/** Every profile, oldest kernel first. */
export const profiles: Readonly<Record<ProfileId, Profile>> = Object.fromEntries(
  Object.entries<Declared>(declared).map(([id, one]) => [id, profile(id as ProfileId, one)]),
) as unknown as Record<ProfileId, Profile>

/** The kernel that is meant when none is named. */
export const NEWEST: ProfileId = 'linux-7.3.4'

/** The id of every profile, oldest kernel first. */
export const profileIds = Object.keys(profiles) as readonly ProfileId[]

/** The kernels that were released, oldest first. Proposals are not among them: no host runs them, and that of 2024 misreads healthy tables. */
export const releasedKernels = profileIds.filter((id) => !profiles[id].names.some(isProposed))

/** The profile with this id. @throws RangeError for what is none: nothing that objects inherit is. */
export const profileWithId = (id: ProfileId): Profile => named(profiles, 'kernel profile', id)

/** A profile by its id, or as it is: what was made of a kernel's name. @throws RangeError for what is no id. */
export const profileOf = (kernel: ProfileId | Profile): Profile =>
  Object(kernel) === kernel ? (kernel as Profile) : profileWithId(kernel as ProfileId)

/** True for the id of a profile. */
export const isProfileId = (id: string): id is ProfileId => Object.hasOwn(profiles, id)

/** Every set of quirks that a kernel may have, by what is unknown of it; what the profile says first. */
export function quirkSetsOf({ quirks, unsettled = [] }: Profile): readonly Quirks[] {
  const turned = (sets: readonly Quirks[], name: QuirkName) => [...sets, ...sets.map((set) => ({ ...set, [name]: !set[name] }))]
  return unsettled.reduce<readonly Quirks[]>(turned, [quirks])
}

/** Few words for many kernels, oldest first: three and more of which none between them is missing are `linux-6.12 to linux-7.3.4`. */
export function kernelSpans(ids: Iterable<ProfileId>): string[] {
  const has = new Set(ids)
  const runs: ProfileId[][] = [[]]
  for (const id of releasedKernels) {
    if (has.delete(id)) runs.at(-1)!.push(id)
    else runs.push([])
  }
  return [...runs.flatMap((run) => (run.length < 3 ? run : `${run[0]} to ${run.at(-1)}`)), ...has]
}

function profile(id: ProfileId, { title, release, run = [], beside = [] }: Declared): Profile {
  const names = [...quirksIn(parseRelease(release) as Release), ...beside]
  return { id, title, release, run, quirks: quirkSet(names), names }
}
