import { PAGE_BYTES } from '../../memory/index.ts'
import type { ByteSource } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import { type Json, JsonReader, parseJson } from '../json-reader.ts'
import { latin1 } from '../stream-reader.ts'
import { SECTION } from './section.ts'

const BRACE = 0x7b
/** Of the end of a stream so much is looked through, more and more: 512 vCPUs need under 3 MB. */
const TAILS = [64 << 10, 512 << 10, 8 << 20]
/** The same from the first device on, all of whose states come before it. */
const FIRST_REACH = 1 << 20
const LARGEST_REACH = 64 << 20
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

/** A description where it lies: `start` is the byte that marks it, behind the one that ends the stream. */
export interface PlacedDescription {
  readonly devices: readonly DeviceDescription[]
  readonly start: number
  readonly end: number
}

/** Finds the JSON that ends a stream and says how long each device's state is: the last one, with no more than 8 MiB behind where it begins. */
export async function lastDescription(source: ByteSource): Promise<PlacedDescription | undefined> {
  const end = source.byteLength
  for (const bytes of TAILS) {
    const from = Math.max(0, end - bytes)
    const tail = await source.slice(from, end)
    for (let at = tail.lastIndexOf(BRACE, -2); at >= 6; at = tail.lastIndexOf(BRACE, at - 1)) {
      const found = descriptionAt(tail, at, from)
      if (found !== undefined) return found
    }
    if (from === 0) break
  }
  return undefined
}

/**
 * Finds the description of a stream that other bytes follow: the first behind `from` that `fits`. A guest may put one that does not
 * into the state of a device. Undefined where 64 MiB have none.
 */
export async function nextDescription(
  source: ByteSource,
  from: number,
  fits: (found: PlacedDescription, bytes: Uint8Array) => boolean,
): Promise<PlacedDescription | undefined> {
  let tried = 6
  for (let reach = FIRST_REACH; ; reach *= 4) {
    const end = Math.min(from + reach, source.byteLength)
    const bytes = await source.slice(from, end)
    for (let at = bytes.indexOf(BRACE, tried); at >= 0; at = bytes.indexOf(BRACE, at + 1)) {
      // What is cut here is whole in the next round, or in none.
      if (isMarked(bytes, at) && at + lengthAt(bytes, at) > bytes.length && end < source.byteLength && reach < LARGEST_REACH)
        break
      tried = at + 1
      const found = orNone(() => descriptionAt(bytes, at, from))
      if (found !== undefined && fits(found, bytes)) return found
    }
    if (end === source.byteLength || reach >= LARGEST_REACH) return undefined
  }
}

/** What is no description that can be read is none: the one of the stream comes behind it. */
function orNone(find: () => PlacedDescription | undefined): PlacedDescription | undefined {
  try {
    return find()
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
}

const isMarked = (bytes: Uint8Array, brace: number): boolean =>
  bytes[brace] === BRACE && bytes[brace - 5] === SECTION.vmdescription && bytes[brace - 6] === SECTION.eof

const lengthAt = (bytes: Uint8Array, brace: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset + brace - 4, 4).getUint32(0)

/** The description whose first brace is there, in bytes that lie at `from`. */
function descriptionAt(bytes: Uint8Array, brace: number, from: number): PlacedDescription | undefined {
  if (!isMarked(bytes, brace)) return undefined
  const end = brace + lengthAt(bytes, brace)
  // A zero byte is in no JSON. It also ends every candidate at the next one, so that many of them cost nothing.
  if (end > bytes.length || bytes.subarray(brace, end).includes(0)) return undefined
  const json = parseJson(latin1(bytes.subarray(brace, end)))
  if (typeof json !== 'object' || json === null || !('devices' in json)) return undefined
  return { devices: new DescriptionReader(from + brace).devices(json), start: from + brace - 5, end: from + end }
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
