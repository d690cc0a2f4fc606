import { type ProfileId, profileIds, profiles } from '../abi/index.ts'
import type { Gpa } from '../memory/index.ts'
import { deviceName } from './names.ts'

/** A dummy head: at index 0 of the device table, of a second-level page, or of the ITT of a device that is not dead. */
export interface Head {
  readonly kind: 'DTE' | 'ITE'
  readonly at: Gpa
  /** The device of the ITT; of a device table, the DeviceID that the place belongs to. */
  readonly deviceId: number
  /** The DeviceID or EventID that it names; undefined when it says that there is none. */
  readonly names: number | undefined
  /** The first that is valid there and not dead; undefined when none is. */
  readonly first: number | undefined
  /** It names another than the first, one that is not there, or none though there is one. */
  readonly isStale: boolean
}

/** The profiles that follow heads. */
export const headReaders: readonly ProfileId[] = profileIds.filter((id) => profiles[id].quirks['proposed-head'])

/** How many heads there are, and where. */
export interface HeadCount {
  readonly deviceTable: number
  readonly itts: number
  /** Of both. */
  readonly stale: number
}

export function countHeads(heads: readonly Head[]): HeadCount {
  const deviceTable = heads.filter(({ kind }) => kind === 'DTE').length
  return { deviceTable, itts: heads.length - deviceTable, stale: heads.filter(({ isStale }) => isStale).length }
}

/** `names event 3`, and of a stale head what is the first: `; the first live one is event 1`. */
export function headWords({ kind, names, first, isStale }: Head): string {
  const called = (id: number) => (kind === 'DTE' ? deviceName(id) : `event ${id}`)
  const says = names === undefined ? 'says that nothing is live' : `names ${called(names)}`
  if (!isStale) return says
  return `${says}; ${first === undefined ? 'nothing there is live' : `the first live one is ${called(first)}`}`
}
