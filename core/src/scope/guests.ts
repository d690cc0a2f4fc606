/** What a guest may do beside what no driver has a reason for. */
export interface Guest {
  readonly says: string
  /** It zeroes an ITT before MAPD names it. */
  readonly zeroesItts: boolean
  /** It unmaps every event of a device before the device. */
  readonly discardsFirst: boolean
  /** After a reset it gives the ITS the device table as it lies. */
  readonly keepsTablesOverReset: boolean
  /** Any command in any state: shared ITTs and LPIs, unmapped collections with events, second-level pages taken away. */
  readonly anything: boolean
}

const driver = { zeroesItts: true, discardsFirst: true, keepsTablesOverReset: false, anything: false } as const

/**
 * Guests by what they do to their ITS. All but `any` map an ITT, an LPI and an event to one thing at a time, into a collection that has a
 * vCPU, and unmap no collection that an event is in.
 */
export const guests = {
  linux: { ...driver, says: 'as Linux: DISCARD of every event, then MAPD V=0; ITTs zeroed before MAPD' },
  'mapd-over-events': { ...driver, discardsFirst: false, says: 'as Linux, but MAPD V=0 while events of the device are mapped' },
  'dirty-itt': {
    ...driver,
    discardsFirst: false,
    zeroesItts: false,
    says: 'as mapd-over-events, and ITTs are not zeroed before MAPD',
  },
  'reset-over-old-tables': {
    ...driver,
    discardsFirst: false,
    keepsTablesOverReset: true,
    says: 'as mapd-over-events, and after a reset the device table is given to the ITS as it lies',
  },
  any: {
    zeroesItts: false,
    discardsFirst: false,
    keepsTablesOverReset: true,
    anything: true,
    says: 'any command in any state, misuse of ITTs, LPIs and collections included',
  },
} as const satisfies Record<string, Guest>

export type GuestName = keyof typeof guests
