import { shown } from '../memory/index.ts'
import { halves, u64 } from './u64.ts'

/**
 * One field of a 64-bit word, read and written as two 32-bit halves. `hi` and `lo` are ARM's bit numbers.
 *
 * A field's value is its bits shifted left by `scale`: an address kept as [51:8] has scale 8 and reads as a byte address.
 */
export interface Field {
  readonly hi: number
  readonly lo: number
  readonly scale: number
  readonly doc: string
  /** The field's value in the word `hiWord:loWord`; a number below 2^53. */
  get(loWord: number, hiWord: number): number
  /** What `value` puts into the low half of the word. */
  putLo(value: number): number
  /** What `value` puts into the high half of the word. */
  putHi(value: number): number
}

/** A one-bit field; reads as a boolean in a decoded object. */
export interface Flag extends Field {
  readonly flag: true
}

function field(hi: number, lo: number, scale: number, doc: string): Field {
  if (!(lo >= 0 && hi >= lo && hi < 64)) throw new RangeError(`[${hi}:${lo}] is no bit range of a 64-bit word`)
  const width = hi - lo + 1
  if (width + scale > 53) throw new RangeError(`[${hi}:${lo}] shifted by ${scale} does not fit a number`)
  const factor = 2 ** scale
  const mask = width >= 32 ? 0xffffffff : 2 ** width - 1
  const get = getter(lo, width, mask, factor)
  const { putLo, putHi } = rawPutters(lo, width)
  if (scale === 0) return { hi, lo, scale, doc, get, putLo, putHi }
  const down = 2 ** -scale
  return { hi, lo, scale, doc, get, putLo: (v) => putLo(v * down), putHi: (v) => putHi(v * down) }
}

function getter(lo: number, width: number, mask: number, factor: number): Field['get'] {
  // One function whatever the field: most of what a first restore of a process costs is calls.
  if (lo < 32 && lo + width > 32 && (width > 32 || factor > 1)) return scaledGetter(lo, width, factor)
  const raw = rawGetter(lo, width, mask)
  return factor === 1 ? raw : (l, h) => raw(l, h) * factor
}

/** Of a field across both halves. */
function scaledGetter(lo: number, width: number, factor: number): Field['get'] {
  const above = lo + width - 32
  const highMask = above === 32 ? 0xffffffff : 2 ** above - 1
  const highFactor = 2 ** (32 - lo) * factor
  return (l, h) => ((h & highMask) >>> 0) * highFactor + (l >>> lo) * factor
}

function rawGetter(lo: number, width: number, mask: number): Field['get'] {
  if (lo >= 32) return (_l, h) => ((h >>> (lo - 32)) & mask) >>> 0
  if (lo + width <= 32) return (l) => ((l >>> lo) & mask) >>> 0
  // In 32-bit integers, which an engine keeps as such: pINTIDs are read for every event.
  return (l, h) => (((h << (32 - lo)) | (l >>> lo)) & mask) >>> 0
}

function rawPutters(lo: number, width: number): Pick<Field, 'putLo' | 'putHi'> {
  if (lo >= 32) return { putLo: () => 0, putHi: (v) => (v << (lo - 32)) >>> 0 }
  if (lo + width <= 32) return { putLo: (v) => (v << lo) >>> 0, putHi: () => 0 }
  // A number times a power of two is exact, and `>>> 0` takes the low 32 bits of its whole part.
  const up = 2 ** lo
  const down = 2 ** (lo - 32)
  return { putLo: (v) => (v * up) >>> 0, putHi: (v) => (v * down) >>> 0 }
}

/** Bits [hi:lo] as a number. */
export const bits = (hi: number, lo: number, doc: string): Field => field(hi, lo, 0, doc)

/** Bits [hi:lo] that hold an address without its low `scale` bits. */
export const address = (hi: number, lo: number, scale: number, doc: string): Field => field(hi, lo, scale, doc)

/** One bit. */
export const flag = (bit: number, doc: string): Flag => ({ ...field(bit, bit, 0, doc), flag: true })

/** The fields of a layout, by name. */
export type Fields = Readonly<Record<string, Field>>

/** What a word of this layout decodes to. */
export type Decoded<F extends Fields> = { readonly [K in keyof F]: F[K] extends Flag ? boolean : number }

/** A 64-bit (or 32-bit) word of the GIC architecture or of KVM's table ABI, declared once. */
export interface Layout<F extends Fields> {
  readonly name: string
  /** The document and section, or the kernel file, that the word comes from. */
  readonly source: string
  readonly fields: F
  decode(loWord: number, hiWord: number): Decoded<F>
  /** @throws RangeError for a value that its field cannot hold. */
  encode(values: Partial<Decoded<F>>): { readonly lo: number; readonly hi: number }
  /** As `encode`, as one u64: for the API edge only. */
  pack(values: Partial<Decoded<F>>): bigint
  /** As `decode`, from one u64: for the API edge only. */
  unpack(word: bigint): Decoded<F>
}

/** Declares a word. @throws RangeError when two fields overlap. */
export function layout<const F extends Fields>(name: string, source: string, fields: F): Layout<F> {
  const entries = Object.entries(fields)
  refuseOverlaps(name, entries)
  const decode = (lo: number, hi: number): Decoded<F> => {
    const values: Record<string, number | boolean> = {}
    for (const [key, f] of entries) {
      const value = f.get(lo, hi)
      values[key] = 'flag' in f ? value === 1 : value
    }
    return values as Decoded<F>
  }
  const encode = (values: Partial<Decoded<F>>) => {
    let lo = 0
    let hi = 0
    for (const [key, value] of Object.entries(values as Record<string, number | boolean | undefined>)) {
      const f = Object.hasOwn(fields, key) ? fields[key] : undefined
      if (f === undefined) throw new RangeError(`${name} has no field ${key}`)
      const number = typeof value === 'boolean' ? Number(value) : (value ?? 0)
      if (!fits(f, number)) throw new RangeError(`${name}.${key} cannot hold ${shown(number)}`)
      lo |= f.putLo(number)
      hi |= f.putHi(number)
    }
    return { lo: lo >>> 0, hi: hi >>> 0 }
  }
  return {
    name,
    source,
    fields,
    decode,
    encode,
    pack: (values) => {
      const { lo, hi } = encode(values)
      return u64(lo, hi)
    },
    unpack: (word) => {
      const { lo, hi } = halves(word)
      return decode(lo, hi)
    },
  }
}

/** True when `value` can be stored in the field without loss. */
export function fits(f: Field, value: number): boolean {
  const factor = 2 ** f.scale
  return Number.isSafeInteger(value) && value >= 0 && value % factor === 0 && value / factor < 2 ** (f.hi - f.lo + 1)
}

function refuseOverlaps(name: string, entries: readonly (readonly [string, Field])[]): void {
  const sorted = [...entries].sort(([, a], [, b]) => a.lo - b.lo)
  for (let i = 1; i < sorted.length; i++) {
    const [below, above] = [sorted[i - 1]!, sorted[i]!]
    if (above[1].lo <= below[1].hi) throw new RangeError(`${name}: ${above[0]} and ${below[0]} overlap`)
  }
}
