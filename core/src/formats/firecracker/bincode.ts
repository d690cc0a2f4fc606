import { FormatError } from '../format-error.ts'
import { shown } from '../stream-reader.ts'
import { NESTED_MOST, VALUES_MOST } from './limits.ts'
import { type IntegerKind, integerBytes, type SerdeType, type Value } from './serde-type.ts'
import { utf8Bytes, utf8Text } from './utf8.ts'

/**
 * Reads what bincode wrote with integers of fixed width, little-endian: the fields one after the other, a u64 count before sequences and text, a byte
 * before an option, and a u32 before a variant.
 *
 * @throws FormatError where the bytes are not such a value.
 * @source bincode 2.0.1, docs/spec.md
 */
export function decodeBincode<const T extends SerdeType>(
  type: T,
  bytes: Uint8Array,
): { readonly value: Value<T>; readonly end: number } {
  const reader = new BincodeReader(bytes)
  const value = reader.value(type) as Value<T>
  return { value, end: reader.at }
}

class BincodeReader {
  at = 0
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #left = VALUES_MOST
  #depth = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  value(type: SerdeType): unknown {
    if (--this.#left < 0) throw new FormatError(this.at, `at most ${VALUES_MOST} values`, 'more')
    switch (type.kind) {
      case 'bool':
        return this.#index(1, 'false or true', 2) === 1
      case 'str':
        return this.#text()
      case 'bytes':
        return this.#take(this.#count('bytes'), 'the bytes that were counted')
      case 'option':
        return this.#index(1, 'none or some', 2) === 0 ? null : this.value(type.of)
      case 'seq':
        return Array.from({ length: this.#count('elements') }, () => this.value(type.of))
      case 'array':
        return Array.from({ length: type.length }, () => this.value(type.of))
      case 'struct':
        return Object.fromEntries(Object.entries(type.fields).map(([name, field]) => [name, this.value(field)]))
      case 'enum':
        return this.#variant(Object.entries(type.variants))
      case 'boxed':
        return this.#nested(type.of())
      default:
        return this.#integer(type.kind)
    }
  }

  #nested(type: SerdeType): unknown {
    if (++this.#depth > NESTED_MOST) throw new FormatError(this.at, `a tree at most ${NESTED_MOST} deep`, 'a deeper one')
    const value = this.value(type)
    this.#depth--
    return value
  }

  #variant(variants: readonly (readonly [string, SerdeType | null])[]): unknown {
    const [is, type] = variants[this.#index(4, 'the index of a variant', variants.length)]!
    return { is, value: type === null ? null : this.value(type) }
  }

  #integer(kind: IntegerKind): number | bigint {
    const at = this.at
    this.#take(integerBytes[kind], 'an integer')
    return readInteger(this.#view, at, kind)
  }

  /** A number below `limit` of 1 or 4 bytes. */
  #index(bytes: 1 | 4, expected: string, limit: number): number {
    const at = this.at
    const value = Number(this.#integer(bytes === 1 ? 'u8' : 'u32'))
    if (value >= limit) throw new FormatError(at, `${expected}, below ${limit}`, `${value}`)
    return value
  }

  /** Nothing that is counted is shorter than a byte. */
  #count(of: string): number {
    const at = this.at
    const count = this.#integer('u64')
    const left = this.#bytes.length - this.at
    if (count > left) throw new FormatError(at, `a count of ${of} that fits the ${left} bytes behind it`, `${count}`)
    return Number(count)
  }

  #text(): string {
    const at = this.at
    const bytes = this.#take(this.#count('bytes'), 'text')
    const text = utf8Text(bytes)
    if (text === undefined) throw new FormatError(at, 'text in UTF-8', shown(bytes.subarray(0, 32)))
    return text
  }

  #take(bytes: number, expected: string): Uint8Array {
    const end = this.at + bytes
    if (end > this.#bytes.length) throw new FormatError(this.#bytes.length, expected, 'the end of the state')
    const taken = this.#bytes.subarray(this.at, end)
    this.at = end
    return taken
  }
}

/** The integer at `at`: 64 bits as bigint. */
export function readInteger(view: DataView, at: number, kind: IntegerKind): number | bigint {
  switch (kind) {
    case 'u8':
      return view.getUint8(at)
    case 'i8':
      return view.getInt8(at)
    case 'u16':
      return view.getUint16(at, true)
    case 'i16':
      return view.getInt16(at, true)
    case 'u32':
      return view.getUint32(at, true)
    case 'i32':
      return view.getInt32(at, true)
    case 'u64':
      return view.getBigUint64(at, true)
    case 'i64':
      return view.getBigInt64(at, true)
  }
}

/** Writes what `decodeBincode` reads. */
export function encodeBincode<const T extends SerdeType>(type: T, value: Value<T>): Uint8Array {
  return Uint8Array.from(written(type, value))
}

function* written(type: SerdeType, value: unknown): Generator<number> {
  switch (type.kind) {
    case 'bool':
      yield value === true ? 1 : 0
      break
    case 'str':
      yield* counted(utf8Bytes(value as string))
      break
    case 'bytes':
      yield* counted(value as Uint8Array)
      break
    case 'option':
      yield value === null ? 0 : 1
      if (value !== null) yield* written(type.of, value)
      break
    case 'seq':
      yield* integer((value as readonly unknown[]).length, 8)
      for (const element of value as readonly unknown[]) yield* written(type.of, element)
      break
    case 'array':
      for (const element of value as readonly unknown[]) yield* written(type.of, element)
      break
    case 'struct':
      for (const [name, field] of Object.entries(type.fields)) yield* written(field, (value as Record<string, unknown>)[name])
      break
    case 'enum': {
      const { is, value: inner } = value as { readonly is: string; readonly value: unknown }
      yield* integer(Object.keys(type.variants).indexOf(is), 4)
      const variant = type.variants[is]
      if (variant) yield* written(variant, inner)
      break
    }
    case 'boxed':
      yield* written(type.of(), value)
      break
    default:
      yield* integer(value as number | bigint, integerBytes[type.kind])
  }
}

function* counted(bytes: Uint8Array): Generator<number> {
  yield* integer(bytes.length, 8)
  yield* bytes
}

function* integer(value: number | bigint, bytes: number): Generator<number> {
  let left = BigInt.asUintN(8 * bytes, BigInt(value))
  for (let i = 0; i < bytes; i++, left >>= 8n) yield Number(left & 0xffn)
}
