import { type ProfileId, profileIds, releasedKernels } from '../abi/index.ts'
import { named } from '../memory/index.ts'
import type { OperationName } from './operation-names.ts'
import type { Scope } from './scope.ts'

const commands = ['MAPC', 'MAPD', 'MAPD V=0', 'MAPTI', 'MOVI', 'DISCARD'] as const satisfies readonly OperationName[]

/** Two of everything. */
const small = {
  operations: [...commands, 'SAVE'],
  guest: 'mapd-over-events',
  deviceIds: [0, 1],
  events: 2,
  collections: 2,
  areas: 2,
  lpis: 2,
  vcpus: 2,
  deviceTable: 'flat',
} as const satisfies Partial<Scope>

/** Every released kernel but the first: 4.13 drops a device without events, whatever is saved. */
const since510: readonly ProfileId[] = releasedKernels.filter((id) => id !== 'linux-4.13')

/** A kernel that leaves unmapped entries in guest RAM, and one that clears them. */
const keeping = { ...small, kernel: 'linux-6.6', restoredOn: since510 } as const
const clearing = { ...small, kernel: 'linux-6.12.117', restoredOn: since510 } as const

const own = { save: 'own', claim: 'what the kernel saves is restored exactly' } as const
const sealed = {
  save: 'seal',
  restoredOn: profileIds,
  claim: 'what is sealed is restored exactly, by every kernel that no limit names',
} as const
const headed = {
  save: 'heads',
  restoredOn: ['linux-7.3', 'linux-7.3.4'],
  claim: 'what is saved with heads is restored exactly through them',
} as const

const far = { deviceIds: [1, 20000] } as const
const twoLevel = { deviceIds: [8191, 8192], deviceTable: 'two-level' } as const

/** Scopes by name. */
export const scopes = {
  clearing: { ...clearing, ...own, guest: 'linux' },
  'clearing-far': { ...clearing, ...own, ...far, guest: 'linux' },
  'clearing-two-level': { ...clearing, ...own, ...twoLevel, guest: 'linux' },
  'clearing-over-events': { ...clearing, ...own },
  'clearing-dirty-itt': { ...clearing, ...own, guest: 'dirty-itt' },
  'clearing-old-tables': {
    ...clearing,
    ...own,
    guest: 'reset-over-old-tables',
    operations: [...small.operations, 'RESET over old tables'],
  },
  keeping: { ...keeping, ...own },
  'keeping-unmapc': { ...keeping, ...own, operations: [...small.operations, 'MAPC V=0'] },
  seal: { ...keeping, ...sealed },
  heads: { ...keeping, ...headed },
} as const satisfies Record<string, Scope>

export type ScopeName = keyof typeof scopes

/** A scope by its name. @throws RangeError for a name that none has. */
export const scopeNamed = (name: string): Scope => named(scopes as Readonly<Record<string, Scope>>, 'scope', name)
