import type { Field, Quirks } from '../abi/index.ts'

type Bits = Pick<Field, 'hi' | 'lo'>

/** The memory attributes of a register that names a table in guest RAM. */
interface Attributes {
  readonly shareability: Bits
  readonly innerCache: Bits
  readonly outerCache: Bits
}

const INNER_SHAREABLE = 1
const OUTER_SHAREABLE = 2
/** Cacheability below this is non-cacheable, which KVM does not allow as the inner one. */
const FIRST_CACHEABLE = 2
const READ_ALLOCATE_WRITE_BACK = 3
const SAME_AS_INNER = 0
const NON_CACHEABLE = 1
/** Address bits [51:48], where a register has them in their place. */
export const HIGH_ADDRESS = { hi: 51, lo: 48 } as const

/** Makes the attributes of BASER, CBASER, PROPBASER and PENDBASER ones that KVM supports. @source vgic-mmio-v3.c vgic_sanitise_* */
export function sanitise(value: bigint, { shareability, innerCache, outerCache }: Attributes, quirks: Quirks): bigint {
  const shared = change(value, shareability, (field) => (field === OUTER_SHAREABLE ? INNER_SHAREABLE : field))
  const inner = change(shared, innerCache, (field) => (field < FIRST_CACHEABLE ? READ_ALLOCATE_WRITE_BACK : field))
  const unsupported = () => (quirks['outer-cache-non-cacheable'] ? NON_CACHEABLE : SAME_AS_INNER)
  return change(inner, outerCache, (field) => (field < FIRST_CACHEABLE ? field : unsupported()))
}

/** Clears bits [51:48] of an address, which are at `high`, where a kernel knows none. */
export function knownAddress(value: bigint, high: Bits, quirks: Quirks): bigint {
  return (value & maskOf(high)) !== 0n && quirks['addresses-48-bit'] ? without(value, high) : value
}

/** Keeps the bits of the fields and no other. */
export function keep(value: bigint, fields: Readonly<Record<string, Bits>>): bigint {
  return Object.values(fields).reduce((kept, field) => kept | (value & maskOf(field)), 0n)
}

/** Clears the bits of the fields. */
export function without(value: bigint, ...fields: readonly Bits[]): bigint {
  return fields.reduce((left, field) => left & ~maskOf(field), value)
}

function change(value: bigint, field: Bits, to: (value: number) => number): bigint {
  const old = Number((value & maskOf(field)) >> BigInt(field.lo))
  return (value & ~maskOf(field)) | (BigInt(to(old)) << BigInt(field.lo))
}

function maskOf({ hi, lo }: Bits): bigint {
  return ((1n << BigInt(hi - lo + 1)) - 1n) << BigInt(lo)
}
