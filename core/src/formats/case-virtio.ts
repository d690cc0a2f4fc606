import { hex } from '../abi/index.ts'
import { GPA_LIMIT, type Gpa } from '../memory/index.ts'
import {
  type PackedPosition,
  type RingPage,
  type RingPlace,
  type VirtioDevice,
  type Virtqueue,
  virtioKindNames,
} from '../virtio/index.ts'
import type { Json, JsonReader } from './json-reader.ts'

/** A virtio function as the header of a case has it: addresses as hexadecimal strings, queues in their order. */
export function virtioJson({ queues, ...device }: VirtioDevice): object {
  const written = queues.map(({ index: _, place: at, ...queue }) => ({ place: placeJson(at), ...queue }))
  return { ...device, queues: written }
}

function placeJson(at: RingPlace): object {
  if (at.kind !== 'ram') return at
  const { kind, desc, avail, used, pages } = at
  const through = pages?.map(({ input, output }) => [hex(input), hex(output)])
  return { kind, desc: hex(desc), avail: hex(avail), used: hex(used), ...(through && { pages: through }) }
}

/** Reads what `virtioJson` wrote. */
export function readVirtioDevice(json: JsonReader, device: Json): VirtioDevice {
  const { kind, unread, savedAfterGic } = device
  return {
    name: json.string(device['name']),
    deviceId: json.count(device['deviceId']),
    kind: kind === undefined ? undefined : json.oneOf(kind, virtioKindNames),
    ...(unread === undefined ? {} : { unread: json.string(unread) }),
    ...(savedAfterGic === undefined || !json.boolean(savedAfterGic) ? {} : { savedAfterGic: true }),
    status: json.count(device['status'], 2 ** 8),
    features: json.u64(device['features']),
    configVector: vector(json, device['configVector']),
    queues: json.array(device['queues']).map((element, index) => queue(json, json.object(element), index)),
    offset: json.count(device['offset'], Number.MAX_SAFE_INTEGER),
  }
}

const vector = (json: JsonReader, value: unknown): number | undefined =>
  value === undefined ? undefined : json.count(value, 2 ** 16)

function queue(json: JsonReader, saved: Json, index: number): Virtqueue {
  const { packed, offset } = saved
  const position = (value: unknown): PackedPosition => {
    const { index: descriptor, wrap } = json.object(value)
    return { index: json.count(descriptor, 2 ** 16), wrap: json.boolean(wrap) }
  }
  const both = (value: Json) => ({ avail: position(value['avail']), used: position(value['used']) })
  return {
    index,
    size: json.count(saved['size'], 2 ** 16),
    vector: vector(json, saved['vector']),
    place: place(json, json.object(saved['place'])),
    nextAvail: json.count(saved['nextAvail'], 2 ** 16),
    ...(packed === undefined ? {} : { packed: both(json.object(packed)) }),
    offset: json.count(offset, Number.MAX_SAFE_INTEGER),
  }
}

function place(json: JsonReader, { kind: word, desc, avail, used, pages }: Json): RingPlace {
  const kind = json.oneOf(word, ['unset', 'elsewhere', 'uncounted', 'ram'])
  if (kind !== 'ram') return { kind }
  const address = (value: unknown): Gpa => {
    const at = json.u64(value)
    if (at >= GPA_LIMIT) throw json.wrong('an address below 2^52', value)
    return Number(at) as Gpa
  }
  const through = (value: unknown): RingPage => {
    const [input, output] = json.array(value)
    return { input: address(input), output: address(output) }
  }
  const whole = { kind, desc: address(desc), avail: address(avail), used: address(used) }
  return pages === undefined ? whole : { ...whole, pages: json.array(pages).map(through) }
}
