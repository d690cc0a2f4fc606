import { FormatError } from '../format-error.ts'
import type { DeviceSection } from './device-sections.ts'
import { type Description, type Field, stateBytes, subsectionHeaderBytes } from './vmdescription.ts'

/** A field of a device's state and where it begins in it. */
export interface PlacedField {
  /** Names from the device down, joined by dots. */
  readonly path: string
  readonly field: Field
  readonly at: number
}

/** Fields of one device that are looked at before its description counts as nonsense; 512 vCPUs have 20,000. */
const MOST_FIELDS = 1e6

function* placedFields(description: Description, start = 0, prefix = ''): Generator<PlacedField> {
  let at = start
  for (const field of description.fields) {
    const path = prefix + field.name
    yield { path, field, at }
    if (field.struct !== undefined) {
      for (let i = 0; i < field.count; i++) yield* placedFields(field.struct, at + i * field.bytes, `${path}.`)
    }
    at += field.bytes * field.count
  }
  for (const sub of description.subsections) {
    at += subsectionHeaderBytes(sub)
    yield* placedFields(sub, at, `${prefix}${sub.name}.`)
    at += stateBytes(sub)
  }
}

/** Every field of a device's state, structures as well as what they consist of, in the order of the stream. */
export function* fieldsOf({ device, offset }: DeviceSection): Generator<PlacedField> {
  let seen = 0
  for (const field of placedFields(device)) {
    if (++seen > MOST_FIELDS)
      throw new FormatError(offset, `at most ${MOST_FIELDS} fields in the state of ${device.name}`, 'more')
    yield field
  }
}

/** The state of one device, read by the names of its fields. Big-endian. */
export class DeviceState {
  readonly bytes: Uint8Array
  readonly #section: DeviceSection
  readonly #view: DataView

  constructor(section: DeviceSection, bytes: Uint8Array) {
    this.#section = section
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get name(): string {
    return this.#section.device.name
  }

  get instance(): number {
    return this.#section.device.instance
  }

  /** Offset of byte `at` of the state in the source. */
  offset(at: number): number {
    return this.#section.offset + at
  }

  /** The elements of the integer array `path`, or of the field of that name inside every element of an array of structures. */
  integers(path: string, bytes: 1 | 4 | 8): bigint[] {
    return this.#places(path, bytes).map((at) => this.#integer(at, bytes))
  }

  /** Where in the source the bytes of each of `integers` begin. */
  offsets(path: string, bytes: 1 | 4 | 8): number[] {
    return this.#places(path, bytes).map((at) => this.offset(at))
  }

  #places(path: string, bytes: number): number[] {
    const places: number[] = []
    for (const { path: found, field, at } of fieldsOf(this.#section)) {
      if (found !== path) continue
      if (field.bytes !== bytes) throw this.#wrong(at, `${bytes} bytes of ${path}`, `${field.bytes}`)
      if (at + bytes * field.count > this.bytes.length) throw this.#wrong(at, path, 'the end of the state')
      for (let i = 0; i < field.count; i++) places.push(at + i * bytes)
    }
    return places
  }

  /** As `integers`, for a field that is there exactly once. */
  integer(path: string, bytes: 1 | 4 | 8): bigint {
    const [value, ...more] = this.integers(path, bytes)
    if (value === undefined || more.length > 0)
      throw this.#wrong(0, `one field ${path}`, value === undefined ? 'none' : 'several')
    return value
  }

  #integer(at: number, bytes: 1 | 4 | 8): bigint {
    if (bytes === 1) return BigInt(this.#view.getUint8(at))
    return bytes === 4 ? BigInt(this.#view.getUint32(at)) : this.#view.getBigUint64(at)
  }

  #wrong(at: number, expected: string, found: string): FormatError {
    return new FormatError(this.offset(at), `${expected} in the state of ${this.name}`, found)
  }
}
