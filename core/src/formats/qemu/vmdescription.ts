import type { ByteSource } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import { latin1 } from '../stream-reader.ts'
import { SECTION } from './section.ts'

const BRACE = 0x7b
/** 512 vCPUs need under 3 MB. */
const LARGEST = 8 << 20
const DEEPEST = 32

/** A piece of device state as QEMU's vmstate describes it. Field sizes are bytes of one element in the stream. */
export interface Description {
  readonly fields: readonly Field[]
  readonly subsections: readonly Subsection[]
}

export interface Subsection extends Description {
  readonly name: string
}

export interface Field {
  readonly name: string
  readonly type: string
  readonly bytes: number
  readonly count: number
  readonly struct: Description | undefined
}

/** The state of one device, which one FULL section of the stream holds. */
export interface DeviceDescription extends Description {
  readonly name: string
  readonly instance: number
}

/** Finds the JSON that ends a stream and says how long each device's state is. */
export async function readDescription(source: ByteSource): Promise<readonly DeviceDescription[]> {
  const end = source.byteLength
  const from = Math.max(0, end - LARGEST)
  const tail = await source.slice(from, end)
  for (let at = tail.length - 2; at >= 6; at--) {
    if (tail[at] !== BRACE || tail[at - 5] !== SECTION.vmdescription || tail[at - 6] !== 0) continue
    const length = new DataView(tail.buffer, tail.byteOffset + at - 4, 4).getUint32(0)
    // A zero byte is in no JSON. It also ends every candidate at the next one, so that many of them cost nothing.
    if (at + length > tail.length || tail.subarray(at, at + length).includes(0)) continue
    const json = parseJson(latin1(tail.subarray(at, at + length)))
    if (typeof json !== 'object' || json === null || !('devices' in json)) continue
    return new DescriptionReader(from + at).devices(json)
  }
  throw new FormatError(end, 'the device description (JSON) that ends a QEMU stream', 'the end of the file without one')
}

/** Bytes of the state that `description` describes, its subsections included. */
export function stateBytes({ fields, subsections }: Description): number {
  let bytes = 0
  for (const field of fields) bytes += field.bytes * field.count
  for (const sub of subsections) bytes += 6 + sub.name.length + stateBytes(sub)
  return bytes
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

type Json = Readonly<Record<string, unknown>>

class DescriptionReader {
  readonly #offset: number

  constructor(offset: number) {
    this.#offset = offset
  }

  devices(json: unknown): DeviceDescription[] {
    const { page_size: pageSize, devices } = this.#object(json)
    if (pageSize !== 4096) throw this.#wrong('"page_size" 4096', pageSize)
    return this.#array(devices).map((value) => {
      const device = this.#object(value)
      return {
        name: this.#string(device['name']),
        instance: this.#count(device['instance_id']),
        ...this.#description(device, 0),
      }
    })
  }

  #description(json: Json, depth: number): Description {
    if (depth > DEEPEST) throw this.#wrong(`structures at most ${DEEPEST} deep`, 'deeper')
    return {
      fields: this.#array(json['fields'] ?? []).map((value) => this.#field(this.#object(value), depth)),
      subsections: this.#array(json['subsections'] ?? []).map((value) => {
        const sub = this.#object(value)
        return { name: this.#string(sub['vmsd_name']), ...this.#description(sub, depth + 1) }
      }),
    }
  }

  #field(json: Json, depth: number): Field {
    return {
      name: this.#string(json['name']),
      type: this.#string(json['type'] ?? ''),
      bytes: this.#count(json['size']),
      count: this.#count(json['array_len'] ?? 1),
      struct: json['struct'] === undefined ? undefined : this.#description(this.#object(json['struct']), depth + 1),
    }
  }

  #object(value: unknown): Json {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.#wrong('an object', value)
    return value as Json
  }

  #array(value: unknown): readonly unknown[] {
    if (!Array.isArray(value)) throw this.#wrong('an array', value)
    return value
  }

  #string(value: unknown): string {
    if (typeof value !== 'string') throw this.#wrong('a string', value)
    return value
  }

  #count(value: unknown): number {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value >= 2 ** 32)
      throw this.#wrong('a count', value)
    return value
  }

  #wrong(expected: string, found: unknown): FormatError {
    return new FormatError(
      this.#offset,
      `${expected} in the device description`,
      typeof found === 'object' ? 'something else' : String(found),
    )
  }
}
