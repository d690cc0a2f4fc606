import { type Field, type Halves, halves, hex, type Layout, u64 } from '@vits/core/abi'
import { edgeNumber } from '../numbers.ts'
import type { Random } from '../random.ts'

type AnyLayout = Pick<Layout<Readonly<Record<string, Field>>>, 'fields'>

/** Another value of one field of a word: an edge, a little more or less, or for an address, one of `addresses`. */
export function mutateField({ fields }: AnyLayout, { lo, hi }: Halves, addresses: readonly number[], random: Random): Halves {
  const field = fields[random.pick(Object.keys(fields))]!
  const unit = 2 ** field.scale
  const limit = 2 ** (field.hi - field.lo + 1)
  const was = field.get(lo, hi) / unit
  const value = (another(field, was, addresses, random) % limit) * unit
  const clear = unit * (limit - 1)
  return {
    lo: ((lo & ~field.putLo(clear)) | field.putLo(value)) >>> 0,
    hi: ((hi & ~field.putHi(clear)) | field.putHi(value)) >>> 0,
  }
}

function another(field: Field, was: number, addresses: readonly number[], random: Random): number {
  const width = field.hi - field.lo + 1
  if (field.scale > 0 && addresses.length > 0 && !random.once(4)) return Math.floor(random.pick(addresses) / 2 ** field.scale)
  return random.once(3) ? Math.abs(was + random.below(9) - 4) : edgeNumber(random, width)
}

/** As `mutateField`, of a register that is written as a hexadecimal string. */
export function mutateRegister(layout: AnyLayout, value: string, addresses: readonly number[], random: Random): string {
  const { lo, hi } = mutateField(layout, halves(BigInt(value)), addresses, random)
  return hex(u64(lo, hi))
}
