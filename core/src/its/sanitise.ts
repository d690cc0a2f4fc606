import type { Field } from '../abi/index.ts'

/** The memory attributes of a register that names a table in guest RAM. */
interface Attributes {
  readonly shareability: Field
  readonly innerCache: Field
  readonly outerCache: Field
}

const INNER_SHAREABLE = 1
const OUTER_SHAREABLE = 2
/** Cacheability below this is non-cacheable, which KVM does not allow as the inner one. */
const FIRST_CACHEABLE = 2
const READ_ALLOCATE_WRITE_BACK = 3

/** Makes the attributes of BASER, CBASER, PROPBASER and PENDBASER ones that KVM supports. @source vgic-mmio-v3.c vgic_sanitise_* */
export function sanitise(value: bigint, { shareability, innerCache, outerCache }: Attributes): bigint {
  const shared = change(value, shareability, (field) => (field === OUTER_SHAREABLE ? INNER_SHAREABLE : field))
  const inner = change(shared, innerCache, (field) => (field < FIRST_CACHEABLE ? READ_ALLOCATE_WRITE_BACK : field))
  return change(inner, outerCache, (field) => (field < FIRST_CACHEABLE ? field : 0))
}

/** Keeps the bits of the fields and no other. */
export function keep(value: bigint, fields: Readonly<Record<string, Field>>): bigint {
  return Object.values(fields).reduce((kept, field) => kept | (value & maskOf(field)), 0n)
}

/** Clears the bits of the fields. */
export function without(value: bigint, ...fields: readonly Field[]): bigint {
  return fields.reduce((left, field) => left & ~maskOf(field), value)
}

function change(value: bigint, field: Field, to: (value: number) => number): bigint {
  const old = Number((value & maskOf(field)) >> BigInt(field.lo))
  return (value & ~maskOf(field)) | (BigInt(to(old)) << BigInt(field.lo))
}

function maskOf({ hi, lo }: Field): bigint {
  return ((1n << BigInt(hi - lo + 1)) - 1n) << BigInt(lo)
}
