import { type QuirkName, type Quirks, quirkSet } from './quirks.ts'

/** A kernel whose behaviour is known, as the quirks it has. */
export interface Profile {
  readonly id: ProfileId
  readonly title: string
  readonly quirks: Quirks
  readonly names: readonly QuirkName[]
}

/** Behaviours that kernels had together, by the first release whose profile is without them. */
const goneBy510 = [
  'no-ctrl-reset',
  'enable-unchecked',
  'baser-invalid-keeps',
  'save-invalid-baser',
  'restore-needs-last-entry',
  'full-collection-table-ends-restore',
  'restore-refuses-unmapped-collection',
  'no-translation-cache',
  'disable-lpis-keeps-pending',
] as const
const goneBy61 = [
  'scan-overrun',
  'cte-out-of-range-skipped',
  'device-out-of-range-restored',
  'mapti-itt-unchecked',
  'no-lpi-invalidate-registers',
  'failed-restore-keeps-state',
] as const
const goneBy67 = ['target-is-index', 'mapc-unmap-checks-target'] as const
const goneBy72 = ['dte-size-unchecked', 'null-collection-oops', 'next-names-zero-ite'] as const
const goneBy73 = ['save-refuses-unreachable-device', 'baser-change-keeps'] as const

/** What every kernel before 6.13 has that nothing was backported to. */
const unmended = ['keeps-unmapped', ...goneBy72, ...goneBy73, 'ctes-past-table'] as const
/** Linux 6.1 to 6.6 as released, and with more 5.10. */
const released66 = [...goneBy67, 'cache-keyed-by-address', ...unmended, 'unset-forwarding-drops-pending'] as const

const names = {
  'linux-4.13': [...goneBy510, ...goneBy61, ...goneBy67, ...unmended, 'no-gicv41-save'],
  'linux-5.10': [...goneBy61, ...released66, 'no-gicv41-save'],
  'linux-6.1.119': released66,
  'linux-6.6': released66,
  'linux-6.1.192': [
    ...goneBy67,
    'cache-keyed-by-address',
    'next-names-zero-ite',
    ...goneBy73,
    'ctes-past-table',
    'unset-forwarding-drops-pending',
  ],
  'linux-6.12.117': ['next-names-zero-ite', 'unset-forwarding-drops-pending'],
  'linux-7.2': [...goneBy73, 'save-refuses-too-many-collections'],
  'linux-7.3': [],
  'proposal-2024': ['movall-ignores-source', ...unmended, 'proposed-head', 'unset-forwarding-drops-pending'],
} as const satisfies Record<string, readonly QuirkName[]>

const titles: Record<ProfileId, string> = {
  'linux-4.13': 'Linux 4.13, the first with save and restore',
  'linux-5.10': 'Linux 5.10, as first released',
  'linux-6.1.119': 'Linux 6.1.119, the last 6.1 that leaves orphans',
  'linux-6.6': 'Linux 6.6, as first released',
  'linux-6.1.192': 'Linux 6.1.192 (Debian 12)',
  'linux-6.12.117': 'Linux 6.12.117 (Debian 12 backports, Debian 13)',
  'linux-7.2': 'Linux 7.2',
  'linux-7.3': 'Linux 7.3-rc',
  'proposal-2024': 'the dummy head as posted in November 2024, on 6.12-rc6',
}

export type ProfileId = keyof typeof names

/** Every profile, oldest kernel first. */
export const profiles: Readonly<Record<ProfileId, Profile>> = Object.fromEntries(
  Object.entries(names).map(([id, list]) => [id, { id, title: titles[id as ProfileId], quirks: quirkSet(list), names: list }]),
) as unknown as Record<ProfileId, Profile>

/** The kernel that is meant when none is named. */
export const NEWEST: ProfileId = 'linux-7.3'

/** The id of every profile, oldest kernel first. */
export const profileIds = Object.keys(profiles) as readonly ProfileId[]

/** The kernels that were released, oldest first. The proposal of 2024 is not among them: no host runs it, and it misreads healthy tables. */
export const releasedKernels = profileIds.filter((id) => !profiles[id].quirks['proposed-head'])

/** True for the id of a profile. */
export const isProfileId = (id: string): id is ProfileId => Object.hasOwn(profiles, id)

/** The newest profile of the series that a stable release belongs to: `linux-6.12.117` for `6.12.130`. Undefined when it has none. */
export function profileNear(release: string): ProfileId | undefined {
  const series = `linux-${release.split('.').slice(0, 2).join('.')}`
  return profileIds.findLast((id) => id === series || id.startsWith(`${series}.`))
}
