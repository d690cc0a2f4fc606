import { type ProfileId, profileIds, releasedKernels } from '../abi/index.ts'
import { named } from '../memory/index.ts'
import type { OperationName } from './operation-names.ts'
import type { Scope } from './scope.ts'

const operations = ['MAPC', 'MAPD', 'MAPD V=0', 'MAPTI', 'MOVI', 'DISCARD', 'SAVE'] as const satisfies readonly OperationName[]
const and = (...more: readonly OperationName[]) => ({ operations: [...operations, ...more] })

/** Two of everything. */
const small = {
  ...and(),
  guest: 'mapd-over-events',
  deviceIds: [0, 1],
  events: 2,
  collections: 2,
  areas: 2,
  lpis: 2,
  vcpus: 2,
  deviceTable: 'flat',
} as const satisfies Partial<Scope>

const far = { deviceIds: [1, 20000] } as const
const twoLevel = { deviceIds: [8191, 8192], deviceTable: 'two-level' } as const
const twoPages = { deviceIds: [0, 8192], deviceTable: 'two-level' } as const
const threeDevices = { deviceIds: [0, 1, 2], areas: 3, collections: 1, vcpus: 1 } as const
/** A restore onto a live ITS gives a DeviceID two devices, with events of each: one event has to do. */
const oneEvent = { events: 1, lpis: 1, collections: 1, vcpus: 1 } as const
/** Any command leads to so many states that only one collection and one vCPU end. */
const anyOfFew = { guest: 'any', collections: 1, vcpus: 1, lpis: 2, operations: [...operations, 'MAPC V=0'] } as const
const dirty = { guest: 'dirty-itt' } as const
const oldTables = { guest: 'reset-over-old-tables', ...and('RESET over old tables') } as const

/** Every released kernel but the first: 4.13 drops a device without events, whatever is saved. */
const since510: readonly ProfileId[] = releasedKernels.filter((id) => id !== 'linux-4.13')

/** A kernel that leaves unmapped entries in guest RAM, and one that clears them. */
const keeping = { ...small, kernel: 'linux-6.6', restoredOn: since510 } as const
const clearing = { ...small, kernel: 'linux-6.12.117', restoredOn: since510 } as const

const own = { save: 'own', claim: 'what the kernel saves is restored exactly' } as const
const sealed = {
  save: 'seal',
  restoredOn: profileIds,
  claim: 'what is sealed is restored exactly, by every kernel that no limit of the seal names',
} as const
const headed = {
  save: 'heads',
  restoredOn: ['linux-7.3', 'linux-7.3.4'],
  claim: 'what is saved with heads of ours is restored exactly by kernels that follow them',
} as const
const proposed = {
  ...small,
  save: 'own',
  kernel: 'proposal-2024',
  restoredOn: ['proposal-2024'],
  claim: 'what the proposal of 2024 saves is restored exactly by itself',
} as const

/** Scopes by name. */
export const scopes = {
  clearing: { ...clearing, ...own, guest: 'linux' },
  'clearing-far': { ...clearing, ...own, ...far, guest: 'linux' },
  'clearing-two-level': { ...clearing, ...own, ...twoLevel, guest: 'linux' },
  'clearing-over-events': { ...clearing, ...own },
  'clearing-remaps': { ...clearing, ...own, ...and('MAPC again', 'MAPC V=0') },
  'clearing-reset': { ...clearing, ...own, ...and('RESET') },
  'clearing-pending': { ...clearing, ...own, ...and('INT', 'CLEAR') },
  'clearing-movall': { ...clearing, ...own, ...and('MOVALL', 'MAPC again') },
  'clearing-scribble': { ...clearing, ...own, ...and('SCRIBBLE') },
  'clearing-moved-table': { ...clearing, ...own, ...and('GITS_BASER0 moves') },
  'clearing-pages-come': { ...clearing, ...own, ...twoPages, ...and('L1 entry comes') },
  'clearing-migrates': {
    ...clearing,
    ...own,
    ...and('MIGRATE'),
    migratesTo: ['linux-6.12.90', 'linux-7.3.4'],
  },
  'clearing-to-keeping': { ...clearing, ...own, ...and('MIGRATE'), migratesTo: ['linux-6.6'] },
  'clearing-restored-twice': { ...clearing, ...own, ...and('RESTORE'), ...oneEvent },
  'clearing-three-devices': { ...clearing, ...own, ...threeDevices },
  'clearing-dirty-itt': { ...clearing, ...own, ...dirty },
  'clearing-old-tables': { ...clearing, ...own, ...oldTables },
  'clearing-any': { ...clearing, ...own, ...anyOfFew },
  keeping: { ...keeping, ...own },
  'keeping-linux': { ...keeping, ...own, guest: 'linux' },
  'keeping-unmapc': { ...keeping, ...own, ...and('MAPC V=0') },
  'keeping-scribble': { ...keeping, ...own, ...and('SCRIBBLE'), events: 1 },
  seal: { ...keeping, ...sealed },
  'seal-far': { ...keeping, ...sealed, ...far },
  'seal-two-level': { ...keeping, ...sealed, ...twoLevel },
  'seal-clearing': { ...clearing, ...sealed },
  'seal-remaps': { ...clearing, ...sealed, ...and('MAPC again', 'MAPC V=0') },
  'seal-again': { ...clearing, ...sealed, ...and('SEAL', 'RESET') },
  'seal-pending': { ...clearing, ...sealed, ...and('INT', 'CLEAR') },
  'seal-scribble': { ...keeping, ...sealed, ...and('SCRIBBLE'), events: 1 },
  'seal-migrates': { ...keeping, ...sealed, ...and('MIGRATE'), events: 1, migratesTo: ['linux-6.12.117', 'linux-7.3.4'] },
  'seal-three-devices': { ...clearing, ...sealed, ...threeDevices },
  'seal-restored-twice': { ...clearing, ...sealed, ...and('RESTORE'), ...oneEvent },
  'seal-dirty-itt': { ...clearing, ...sealed, ...dirty },
  'seal-old-tables': { ...clearing, ...sealed, ...oldTables },
  'seal-any': { ...clearing, ...sealed, ...anyOfFew },
  heads: { ...keeping, ...headed },
  'heads-far': { ...keeping, ...headed, ...far },
  'heads-two-level': { ...keeping, ...headed, ...twoLevel },
  'heads-dirty-itt': { ...clearing, ...headed, ...dirty },
  'heads-old-tables': { ...clearing, ...headed, ...oldTables },
  'sealed-heads': { ...keeping, ...headed, save: 'sealed heads' },
  proposal: proposed,
  'proposal-far': { ...proposed, ...far },
  'proposal-two-level': { ...proposed, ...twoLevel },
  'proposal-to-released': {
    ...proposed,
    restoredOn: ['linux-5.10', 'linux-6.6', 'linux-7.3', 'linux-7.3.4'],
    claim: 'what the proposal of 2024 saves is restored exactly by released kernels',
  },
} as const satisfies Record<string, Scope>

export type ScopeName = keyof typeof scopes

/** The names of all scopes. */
export const scopeNames = Object.keys(scopes) as readonly ScopeName[]

/** A scope by its name. @throws RangeError for a name that none has. */
export const scopeNamed = (name: string): Scope => named(scopes as Readonly<Record<string, Scope>>, 'scope', name)
