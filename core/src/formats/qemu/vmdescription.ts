import { PAGE_BYTES } from '../../memory/index.ts'
import type { ByteSource } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import { type Json, JsonReader, parseJson } from '../json-reader.ts'
import { latin1 } from '../stream-reader.ts'
import { SECTION } from './section.ts'

const BRACE = 0x7b
/** Of the end of a stream so much is looked through, more and more: 512 vCPUs need under 3 MB. */
const TAILS = [64 << 10, 512 << 10, 8 << 20]
const DEEPEST = 32
/** Structures without bytes in one array: every other array is as long as the state has bytes for. */
const MOST_EMPTY = 4096

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
  for (const bytes of TAILS) {
    const from = Math.max(0, end - bytes)
    const found = descriptionIn(await source.slice(from, end), from)
    if (found !== undefined) return found
    if (from === 0) break
  }
  throw new FormatError(end, 'the device description (JSON) that ends a QEMU stream', 'the end of the file without one')
}

/** The last description in the end of a stream, which lies at `from`. */
function descriptionIn(tail: Uint8Array, from: number): readonly DeviceDescription[] | undefined {
  for (let at = tail.length - 2; at >= 6; at--) {
    if (tail[at] !== BRACE || tail[at - 5] !== SECTION.vmdescription || tail[at - 6] !== 0) continue
    const length = new DataView(tail.buffer, tail.byteOffset + at - 4, 4).getUint32(0)
    // A zero byte is in no JSON. It also ends every candidate at the next one, so that many of them cost nothing.
    if (at + length > tail.length || tail.subarray(at, at + length).includes(0)) continue
    const json = parseJson(latin1(tail.subarray(at, at + length)))
    if (typeof json !== 'object' || json === null || !('devices' in json)) continue
    return new DescriptionReader(from + at).devices(json)
  }
  return undefined
}

/** Bytes before the fields of a subsection: a marker, its name with the length of it, its version. */
export function subsectionHeaderBytes({ name }: Subsection): number {
  return 1 + 1 + name.length + 4
}

/** Bytes of the state that `description` describes, its subsections included. */
export function stateBytes({ fields, subsections }: Description): number {
  let bytes = 0
  for (const field of fields) bytes += field.bytes * field.count
  for (const sub of subsections) bytes += subsectionHeaderBytes(sub) + stateBytes(sub)
  return bytes
}

class DescriptionReader {
  readonly #json: JsonReader

  constructor(offset: number) {
    this.#json = new JsonReader(offset, 'the device description')
  }

  devices(value: unknown): DeviceDescription[] {
    const json = this.#json
    const { page_size: pageSize, devices } = json.object(value)
    if (pageSize !== PAGE_BYTES) throw json.wrong(`"page_size" ${PAGE_BYTES}`, pageSize)
    return json.array(devices).map((element) => {
      const device = json.object(element)
      return {
        name: json.string(device['name']),
        instance: json.count(device['instance_id']),
        ...this.#description(device, 0),
      }
    })
  }

  #description(value: Json, depth: number): Description {
    const json = this.#json
    if (depth > DEEPEST) throw json.wrong(`structures at most ${DEEPEST} deep`, 'deeper')
    return {
      fields: json.array(value['fields'] ?? []).map((field) => this.#field(json.object(field), depth)),
      subsections: json.array(value['subsections'] ?? []).map((element) => {
        const sub = json.object(element)
        return { name: json.string(sub['vmsd_name']), ...this.#description(sub, depth + 1) }
      }),
    }
  }

  #field(value: Json, depth: number): Field {
    const json = this.#json
    const field = {
      name: json.string(value['name']),
      type: json.string(value['type'] ?? ''),
      bytes: json.count(value['size']),
      count: json.count(value['array_len'] ?? 1),
      struct: value['struct'] === undefined ? undefined : this.#description(json.object(value['struct']), depth + 1),
    }
    if (field.struct === undefined) return field
    // Structures without bytes, or with more than they take, would let a short state hold any number of fields.
    const bytes = stateBytes(field.struct)
    if (field.bytes !== bytes) throw json.wrong(`"size" ${bytes}, as the fields of ${field.name} have together`, field.bytes)
    if (bytes === 0 && field.count > MOST_EMPTY)
      throw json.wrong(`at most ${MOST_EMPTY} of ${field.name}, which have no bytes`, field.count)
    return field
  }
}
