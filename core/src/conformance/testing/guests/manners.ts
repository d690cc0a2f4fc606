import fc from 'fast-check'

/** How a guest's driver treats its ITS. What is said of a real guest stands in docs/guests.md, with its source. */
export interface Manners {
  /** It never sets its ITS up: firmware. */
  readonly leavesItsAlone: boolean
  /** 4 KiB pages of the ring. */
  readonly ringPages: number
  /** GITS_CBASER declares one page more than the ring has, and what lies there is somebody else's. */
  readonly declaresMore: boolean
  /** It blanks each command once it is executed. */
  readonly clearsRing: boolean
  /** It fills the ring with SYNC before it begins. */
  readonly fillsRing: boolean
  /** Each collection before the first device, with the first event that is aimed there, or only after its third device. */
  readonly collections: 'first' | 'as needed' | 'late'
  /** All events go to collection 0. */
  readonly oneCollection: boolean
  /** One level, two, or two with a new second-level page for each device, in the place of the one before. */
  readonly deviceTable: 'flat' | 'indirect' | 'a page each'
  /** For n vectors: 2^b >= n and b > 0, one bit more, 2^b <= n, all that the function has, five bits, or as many as an LPI has. */
  readonly ittBits: 'as many' | 'as the function' | 'one more' | 'rounded down' | 'five' | 'as an LPI'
  /** Each device its own for ever, those that others have freed, or any of a few, live ones too. */
  readonly itts: 'own' | 'freed' | 'shared'
  /** ITTs are zeroed before MAPD. */
  readonly zeroesItts: boolean
  /** The memory of a freed ITT is soon something else's. */
  readonly scribbles: boolean
  /** EventIDs: the vector's index, how many are in use, the first that the device never used, LPI - 8192, or the LPI itself, by MAPI. */
  readonly eventIds: 'index' | 'in use' | 'never used' | 'LPI index' | 'LPI'
  /** LPIs: blocks of 32 for each device, the first that is free, or always new ones. */
  readonly lpis: 'blocks' | 'first free' | 'new'
  /** LPI configuration of what was never used, is in use, and is not any more. */
  readonly configuration: { readonly unused: number; readonly on: number; readonly off: number }
  /** It maps every event of a device with the device. */
  readonly mapsAll: boolean
  /** It unmaps an event that goes. */
  readonly discards: boolean
  /** It sends INV after each DISCARD, which KVM refuses. */
  readonly invalidatesLate: boolean
  readonly unmapsDevice: 'with its last event' | 'when unbound' | 'never'
  /** A device that is bound again gets MAPD and a new ITT, though it is mapped. */
  readonly remaps: boolean
  /** It begins again with zeroed ring and tables, as an OS that boots, or leaves in place what is there. */
  readonly beginsAgain: 'blank' | 'in place'
  /** It may suspend: queue and tables programmed anew, nothing mapped again but collections. */
  readonly suspends: boolean
  /** An interrupt that moves takes MOVALL along. */
  readonly movesAll: boolean
  /** It names things that are not mapped, LPIs that there are none of, and events above 65535. */
  readonly errs: boolean
  /** It goes on naming devices and events that it has unmapped. */
  readonly lingers: boolean
  /** It is saved with its ITS disabled and commands that wait. */
  readonly leavesPending: boolean
  /** What the device models of its PCI functions hold: nothing, no vector that is not in use, or old ones too. */
  readonly pci: 'none' | 'cleared' | 'left'
}

/** Linux 6.12, but for a ring that goes round soon. */
const linux: Manners = {
  leavesItsAlone: false,
  ringPages: 1,
  declaresMore: false,
  clearsRing: false,
  fillsRing: false,
  collections: 'first',
  oneCollection: false,
  deviceTable: 'indirect',
  ittBits: 'as the function',
  itts: 'freed',
  zeroesItts: true,
  scribbles: true,
  eventIds: 'index',
  lpis: 'blocks',
  configuration: { unused: 0xc2, on: 0xc3, off: 0xc2 },
  mapsAll: false,
  discards: true,
  invalidatesLate: false,
  unmapsDevice: 'with its last event',
  remaps: false,
  beginsAgain: 'blank',
  suspends: false,
  movesAll: false,
  errs: false,
  lingers: false,
  leavesPending: false,
  pci: 'cleared',
}

/** A small bare-metal guest: nothing but its ring tells what it has mapped. */
const bare: Manners = { ...linux, deviceTable: 'flat', ittBits: 'five', lpis: 'new', unmapsDevice: 'when unbound', pci: 'none' }

/** The guests of docs/guests.md as far as their ITS can tell, and bare-metal guests with one odd habit each. */
export const namedManners = {
  linux,
  'linux-7.2': { ...linux, unmapsDevice: 'when unbound' },
  'linux-suspending': { ...linux, ringPages: 16, suspends: true },
  freebsd: {
    ...linux,
    collections: 'as needed',
    ittBits: 'one more',
    eventIds: 'in use',
    configuration: { unused: 0x02, on: 0x03, off: 0x02 },
    discards: false,
    pci: 'left',
  },
  netbsd: {
    ...linux,
    collections: 'as needed',
    deviceTable: 'a page each',
    ittBits: 'one more',
    itts: 'own',
    scribbles: false,
    eventIds: 'LPI index',
    lpis: 'first free',
    configuration: { unused: 0, on: 0x83, off: 0x82 },
    discards: false,
    unmapsDevice: 'never',
    pci: 'left',
  },
  openbsd: {
    ...linux,
    ringPages: 16,
    ittBits: 'five',
    itts: 'own',
    scribbles: false,
    eventIds: 'never used',
    lpis: 'first free',
    configuration: { unused: 0, on: 0x83, off: 0 },
    invalidatesLate: true,
    unmapsDevice: 'never',
  },
  zephyr: {
    ...linux,
    declaresMore: true,
    deviceTable: 'flat',
    ittBits: 'rounded down',
    itts: 'own',
    zeroesItts: false,
    lpis: 'new',
    unmapsDevice: 'never',
    remaps: true,
    pci: 'none',
  },
  xen: {
    ...linux,
    ringPages: 16,
    oneCollection: true,
    deviceTable: 'flat',
    ittBits: 'five',
    configuration: { unused: 0xa2, on: 0xa3, off: 0xa3 },
    mapsAll: true,
    discards: false,
    unmapsDevice: 'when unbound',
  },
  'kvm-unit-tests': { ...bare, ringPages: 16, collections: 'late', itts: 'own', scribbles: false, errs: true },
  'u-boot': { ...bare, leavesItsAlone: true },
  'clears-ring': { ...bare, clearsRing: true },
  'fills-ring': { ...bare, fillsRing: true },
  'shares-itts': { ...bare, itts: 'shared', scribbles: false },
  'begins-again': { ...bare, ringPages: 16, beginsAgain: 'in place' },
  mapi: { ...bare, ittBits: 'as an LPI', eventIds: 'LPI' },
  movall: { ...bare, movesAll: true },
  errs: { ...bare, errs: true },
  lingers: { ...bare, lingers: true },
  'leaves-pending': { ...bare, leavesPending: true },
} as const satisfies Readonly<Record<string, Manners>>

const often = { weight: 3, arbitrary: fc.constant(false) }
const seldom = fc.oneof(often, { weight: 1, arbitrary: fc.constant(true) })

const anyHabits: fc.Arbitrary<Manners> = fc.record({
  leavesItsAlone: fc.constant(false),
  ringPages: fc.constantFrom(1, 1, 2, 16),
  declaresMore: seldom,
  clearsRing: seldom,
  fillsRing: seldom,
  collections: fc.constantFrom('first', 'first', 'as needed'),
  oneCollection: seldom,
  deviceTable: fc.constantFrom('flat', 'indirect', 'a page each'),
  ittBits: fc.constantFrom('as many', 'one more', 'rounded down', 'five'),
  itts: fc.constantFrom('own', 'freed', 'freed'),
  // What lies in an ITT that was not zeroed speaks against its device: R-itt-foreign.
  zeroesItts: fc.constant(true),
  scribbles: seldom,
  eventIds: fc.constantFrom('index', 'index', 'in use', 'never used', 'LPI index'),
  lpis: fc.constantFrom('blocks', 'first free', 'new'),
  configuration: fc.constantFrom({ unused: 0xa0, on: 0xa1, off: 0xa0 }, { unused: 0, on: 0xa1, off: 0xa1 }),
  mapsAll: seldom,
  discards: seldom.map((forgets) => !forgets),
  invalidatesLate: seldom,
  unmapsDevice: fc.constantFrom('with its last event', 'when unbound', 'when unbound', 'never'),
  remaps: seldom,
  beginsAgain: fc.constantFrom('blank', 'in place'),
  // Of several lives in one ring nobody knows which part is whose.
  suspends: fc.constant(false),
  movesAll: seldom,
  errs: seldom,
  lingers: seldom,
  leavesPending: seldom,
  pci: fc.constant('none'),
})

/**
 * Manners put together at random, of guests without PCI: what no guest that was read does, another may. Not what vits has nothing but
 * a guess for (R-ring-first, R-itt-foreign): a second event with one LPI, first commands that are no MAPC, ITTs that are not zeroed.
 */
export const anyManners: fc.Arbitrary<Manners> = anyHabits.map((habits) => {
  return habits.discards ? habits : { ...habits, lpis: 'new' }
})
