import { shown } from '../memory/index.ts'

/** A 64-bit word as two unsigned halves. */
export interface Halves {
  readonly lo: number
  readonly hi: number
}

/** Splits a u64 for use inside; bits above 63 are dropped. @throws RangeError for what is no bigint. */
export function halves(word: bigint): Halves {
  if (typeof word !== 'bigint') throw new RangeError(`${shown(word)} is no bigint`)
  return { lo: Number(word & 0xffffffffn), hi: Number((word >> 32n) & 0xffffffffn) }
}

/** Joins two halves, signed or not, into the u64 of the API edge. */
export function u64(lo: number, hi: number): bigint {
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)
}

/** `0xhhhhhhhh_llllllll`: how a table entry is printed everywhere. */
export function hexWord(lo: number, hi: number): string {
  return `0x${(hi >>> 0).toString(16).padStart(8, '0')}_${(lo >>> 0).toString(16).padStart(8, '0')}`
}

/** `0x` and lower-case digits: how an address or id is printed everywhere. */
export function hex(value: number | bigint): `0x${string}` {
  return `0x${value.toString(16)}`
}
