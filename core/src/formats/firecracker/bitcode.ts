import { FormatError } from '../format-error.ts'
import { shown } from '../stream-reader.ts'
import { ColumnReader, ColumnWriter, type WideBytes } from './bitcode-column.ts'
import { NESTED_MOST } from './limits.ts'
import { integerBytes, type SerdeType, type Value } from './serde-type.ts'
import { utf8Bytes, utf8Text } from './utf8.ts'

/**
 * Reads what bitcode's serde flavour wrote: all values of one path through the tree lie together in a column, and a column has its place where its
 * path is first come to. So the columns of what stands first in a tree can be read on their own.
 *
 * @throws FormatError naming the column whose bytes are not such values.
 * @source bitcode 0.6.9 src/serde
 */
export function decodeBitcode<const T extends SerdeType>(
  type: T,
  bytes: Uint8Array,
): { readonly value: Value<T>; readonly end: number } {
  const columns = new ColumnReader(bytes)
  const value = readerOf(type, 1, columns, 0)() as Value<T>
  return { value, end: columns.at }
}

/** Takes the next value of a path. */
type Reader = () => unknown

/** Reads the `count` values of a path, whose columns are read with the first of them. */
function readerOf(type: SerdeType, count: number, columns: ColumnReader, depth: number): Reader {
  const inner = (of: SerdeType, innerCount: number): Reader => readerOf(of, innerCount, columns, depth)
  switch (type.kind) {
    case 'struct': {
      const fields = Object.entries(type.fields).map(([name, of]) => [name, inner(of, count)] as const)
      return () => Object.fromEntries(fields.map(([name, read]) => [name, read()]))
    }
    case 'array': {
      const elements = Array.from({ length: type.length }, () => inner(type.of, count))
      return () => elements.map((read) => read())
    }
    case 'seq':
      return onFirst(() => {
        const { each, sum } = columns.lengths(count)
        const read = inner(type.of, sum)
        return (i) => Array.from({ length: each[i]! }, read)
      })
    case 'str':
      return onFirst(() => textsOf(columns, count))
    case 'bytes':
      return onFirst(() => bytesOf(columns, count))
    case 'option':
      return onFirst(() => variantsOf(columns, count, [null, type.of], inner, (_, value) => value))
    case 'enum': {
      const names = Object.keys(type.variants)
      const types = Object.values(type.variants)
      return onFirst(() => variantsOf(columns, count, types, inner, (index, value) => ({ is: names[index], value })))
    }
    case 'boxed':
      return onFirst(() => {
        if (depth === NESTED_MOST) throw new FormatError(columns.at, `a tree at most ${NESTED_MOST} deep`, 'a deeper one')
        return readerOf(type.of(), count, columns, depth + 1)
      })
    default:
      return onFirst(() => scalarsOf(columns, count, type.kind))
  }
}

/** Opens a column when its first value is asked for; then takes one value after the other. */
function onFirst(open: () => (index: number) => unknown): Reader {
  let read: ((index: number) => unknown) | undefined
  let next = 0
  return () => {
    read ??= open()
    return read(next++)
  }
}

function scalarsOf(columns: ColumnReader, count: number, kind: Exclude<SerdeType['kind'], 'struct'>): (index: number) => unknown {
  if (kind === 'bool') {
    const values = columns.booleans(count)
    return (i) => values[i] === 1
  }
  const width = integerBytes[kind as keyof typeof integerBytes]
  const values = width === 1 ? columns.bytes(count) : columns.integers(count, width)
  if (!kind.startsWith('i')) return (i) => values[i]
  if (width === 8) return (i) => BigInt.asIntN(64, BigInt(values[i]!))
  return (i) => Number(BigInt.asIntN(8 * width, BigInt(values[i]!)))
}

/** Slices of these lengths, one after the other. */
function slices(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  let at = 0
  return lengths.map((length) => {
    at += length
    return bytes.subarray(at - length, at)
  })
}

function textsOf(columns: ColumnReader, count: number): (index: number) => string {
  const { each, sum } = columns.lengths(count)
  const start = columns.at
  const found = slices(columns.take(sum), each).map((bytes) => {
    const text = utf8Text(bytes)
    if (text === undefined) throw new FormatError(start, 'text in UTF-8', shown(bytes.subarray(0, 32)))
    return text
  })
  return (i) => found[i]!
}

/** A column of bytes is read with the first byte of it. */
function bytesOf(columns: ColumnReader, count: number): (index: number) => Uint8Array {
  const { each, sum } = columns.lengths(count)
  let found: readonly Uint8Array[] | undefined
  return (i) => {
    if (each[i] === 0) return new Uint8Array(0)
    found ??= slices(columns.bytes(sum), each)
    return found[i]!
  }
}

function variantsOf(
  columns: ColumnReader,
  count: number,
  types: readonly (SerdeType | null)[],
  inner: (type: SerdeType, count: number) => Reader,
  made: (index: number, value: unknown) => unknown,
): (index: number) => unknown {
  const start = columns.at
  const indexes = columns.bytes(count)
  const most = indexes.reduce((a, b) => Math.max(a, b), 0)
  if (most >= types.length) throw new FormatError(start, `variants below ${types.length}`, `${most}`)
  const occur = types.map((_, index) => indexes.reduce((sum, each) => sum + (each === index ? 1 : 0), 0))
  const read = types.map((type, index) => (type === null ? () => null : inner(type, occur[index]!)))
  return (i) => made(indexes[i]!, read[indexes[i]!]!())
}

/** Writes what `decodeBitcode` reads, as the crate does, byte for byte. */
export function encodeBitcode<const T extends SerdeType>(type: T, value: Value<T>): Uint8Array {
  const columns: Column[] = []
  writerOf(type, columns)(value)
  const writer = new ColumnWriter()
  for (const write of columns) write(writer)
  return Uint8Array.from(writer.out)
}

/** Adds a value to a path. */
type Writer = (value: unknown) => void
/** Writes all values of a path. */
type Column = (writer: ColumnWriter) => void

function writerOf(type: SerdeType, columns: Column[]): Writer {
  switch (type.kind) {
    case 'struct': {
      const fields = Object.entries(type.fields).map(([name, of]) => [name, writerOf(of, columns)] as const)
      return (value) => {
        for (const [name, write] of fields) write((value as Record<string, unknown>)[name])
      }
    }
    case 'array': {
      const elements = Array.from({ length: type.length }, () => writerOf(type.of, columns))
      return (value) => (value as readonly unknown[]).forEach((element, i) => void elements[i]!(element))
    }
    case 'seq': {
      const element = later(() => writerOf(type.of, columns))
      return column<readonly unknown[]>(columns, lengths, (value) => value.forEach(element))
    }
    case 'bytes': {
      const element = later(() => writerOf({ kind: 'u8' }, columns))
      return column<Uint8Array>(columns, lengths, (value) => value.forEach(element))
    }
    case 'str':
      return column<string>(columns, texts)
    case 'option': {
      const some = later(() => writerOf(type.of, columns))
      const isSome = (values: readonly unknown[]): number[] => values.map((value) => (value === null ? 0 : 1))
      const rest = (value: unknown): void => (value === null ? undefined : some(value))
      return column(columns, (writer, values) => writer.bytes(isSome(values)), rest)
    }
    case 'enum': {
      const names = Object.keys(type.variants)
      const payloads = Object.values(type.variants).map((of) =>
        later(() => (of === null ? () => undefined : writerOf(of, columns))),
      )
      const index = ({ is }: Variant): number => names.indexOf(is)
      const rest = (variant: Variant): void => payloads[index(variant)]!(variant.value)
      return column<Variant>(columns, (writer, values) => writer.bytes(values.map(index)), rest)
    }
    case 'boxed':
      return later(() => writerOf(type.of(), columns))
    case 'bool':
      return column<boolean>(columns, (writer, values) => writer.booleans(values.map(Number)))
    default: {
      const width = integerBytes[type.kind]
      const isSigned = type.kind.startsWith('i')
      return column<number | bigint>(columns, (writer, values) => {
        const unsigned = values.map((value) => BigInt.asUintN(8 * width, BigInt(value)))
        if (width === 1) writer.bytes(unsigned.map(Number), isSigned)
        else writer.integers(unsigned, width satisfies WideBytes, isSigned)
      })
    }
  }
}

interface Variant {
  readonly is: string
  readonly value: unknown
}

/** A path with a column: it takes its place among the others with its first value, and is followed by what `rest` writes. */
function column<V>(
  columns: Column[],
  write: (writer: ColumnWriter, values: readonly V[]) => void,
  rest?: (value: V) => void,
): Writer {
  const values: V[] = []
  return (value) => {
    if (values.length === 0) columns.push((writer) => write(writer, values))
    values.push(value as V)
    rest?.(value as V)
  }
}

/** A writer that is made with its first value: a tree may hold itself. */
function later(make: () => Writer): Writer {
  let made: Writer | undefined
  return (value) => {
    made ??= make()
    made(value)
  }
}

const lengths = (writer: ColumnWriter, values: readonly { readonly length: number }[]): void =>
  writer.lengths(values.map(({ length }) => length))

function texts(writer: ColumnWriter, values: readonly string[]): void {
  const bytes = values.map(utf8Bytes)
  lengths(writer, bytes)
  for (const each of bytes) writer.raw(each)
}
