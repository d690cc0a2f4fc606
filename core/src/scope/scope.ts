import { ID_LIMIT, L2_ENTRIES, type ProfileId, profileWithId } from '../abi/index.ts'
import { named, wholeNumber } from '../memory/index.ts'
import { type GuestName, guests } from './guests.ts'
import { type OperationName, operationRows } from './operation-names.ts'
import { type SaveMode, saveModes } from './save-modes.ts'

/** What is gone through exhaustively: so many of each thing, who does what with them, and what must hold. */
export interface Scope {
  /** What must hold in every state, as a sentence. */
  readonly claim: string
  /** The kernel that has the VM. */
  readonly kernel: ProfileId
  readonly save: SaveMode
  /** The kernels that must restore exactly what was saved. */
  readonly restoredOn: readonly ProfileId[]
  readonly guest: GuestName
  readonly operations: readonly OperationName[]
  /** Ascending. */
  readonly deviceIds: readonly number[]
  /** Of each device, from EventID 0 on. */
  readonly events: number
  /** From ICID 0 on. */
  readonly collections: number
  /** Places for an ITT. */
  readonly areas: number
  /** From INTID 8192 on. */
  readonly lpis: number
  readonly vcpus: number
  readonly deviceTable: 'flat' | 'two-level'
  /** Where MIGRATE leads, beside `kernel`. */
  readonly migratesTo?: readonly ProfileId[]
}

/** What a record of eight bits an entry has room for, and what permutations can be gone through. */
const most = { events: 8, collections: 3, areas: 4, lpis: 4, vcpus: 3 } as const

/** @throws RangeError for a scope that cannot be gone through, with the reason. */
export function checkScope(scope: Scope): void {
  for (const id of [scope.kernel, ...scope.restoredOn, ...(scope.migratesTo ?? [])]) profileWithId(id)
  named(saveModes, 'way to save', scope.save)
  named(guests, 'guest', scope.guest)
  for (const name of scope.operations) named(operationRows, 'operation', name)
  for (const [name, limit] of Object.entries(most))
    wholeNumber(`the ${name} of a scope`, scope[name as keyof typeof most], 1, limit)
  wholeNumber('the devices of a scope', scope.deviceIds.length, 1, 4)
  for (const [i, id] of scope.deviceIds.entries())
    wholeNumber('a DeviceID of a scope', id, i === 0 ? 0 : scope.deviceIds[i - 1]! + 1, ID_LIMIT - 1)
  refuseOpenStates(scope)
}

/** What would make a state of more than the record holds. */
function refuseOpenStates(scope: Scope): void {
  const has = new Set<OperationName>(scope.operations)
  const kernels = [scope.kernel, ...(scope.migratesTo ?? [])]
  if (has.has('MIGRATE') !== kernels.length > 1) throw new RangeError('MIGRATE needs kernels that it leads to, and they need it')
  const keepsOrder = kernels.find((id) => profileWithId(id).quirks['pending-save-stale-byte'])
  if (has.has('INT') && keepsOrder !== undefined) {
    throw new RangeError(`${keepsOrder} saves pending bits by the order in which LPIs were created, which no record has`)
  }
  if ((has.has('L1 entry comes') || has.has('L1 entry goes')) && scope.deviceTable === 'flat') {
    throw new RangeError('a flat device table has no first level')
  }
  if ((has.has('GITS_BASER0 moves') || has.has('GITS_BASER0 back')) && scope.deviceTable !== 'flat') {
    throw new RangeError('only a flat device table moves')
  }
}

/** How many entries the first level has: one for each second-level page that a device of the scope may be in. */
export const pagesOf = ({ deviceIds }: Scope): number => Math.floor(deviceIds.at(-1)! / L2_ENTRIES) + 1
