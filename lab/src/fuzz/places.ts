/** Where the random machines keep what: a few MiB with everything close together, so that mistakes land on something. */
const MIB = 0x100000
const PAGE = 0x10000

export const RAM = { base: 0x40000000, bytes: 4 * MIB } as const
/** A second memory slot, which comes and goes. */
export const SIDE_RAM = { slot: 1, base: 0x50000000, bytes: PAGE } as const
/** No slot is ever here. */
export const NOWHERE = 0x48000000

export const ITS_LIMIT = 3
export const VCPU_LIMIT = 8

/** The frame of an ITS; the redistributors end below number 1. */
export const itsBase = (its: number) => (its === 0 ? 0x8080000 : 0x9000000 + (its - 1) * 2 * PAGE)

export const GUEST_CODE = RAM.base
export const queueAt = (its: number) => RAM.base + PAGE + its * PAGE
export const CONFIGURATION = RAM.base + 4 * PAGE
/** Pages of the largest device table: from the first ITS's place it ends behind the first collection table. */
export const LARGEST_TABLE = 9
export const deviceTableAt = (its: number) => RAM.base + 0x100000 + its * 2 * PAGE
export const collectionTableAt = (its: number) => RAM.base + 0x180000 + its * PAGE
/** Second-level pages 0 to 3. A restore reads every entry of a page without live devices: more pages, fewer cases a second. */
export const L2_PAGES = 4
export const l2PageAt = (page: number) => RAM.base + 0x200000 + page * PAGE
/** ITTs start here, 2 KiB apart: one of more than 8 bits runs into its neighbours; the largest has 14 bits. */
export const ITT_AREAS = 16
export const ITT_SPACE = { base: RAM.base + 0x280000, bytes: 3 * PAGE } as const
export const ittAt = (area: number) => ITT_SPACE.base + area * 0x800
export const pendingTableAt = (vcpu: number) => RAM.base + 0x300000 + vcpu * PAGE
/** LPIs below 2^16 have their pending bits here. */
export const PENDING_BYTES = 0x2000
export const TABLE_PAGE = PAGE
