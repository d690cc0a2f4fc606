import { FIRST_LPI, ID_LIMIT } from '../abi/index.ts'
import type { Gpa } from '../memory/index.ts'
import type { LinearMap } from './linear-map.ts'
import { NotTheKernels, type RamReader } from './ram-reader.ts'
import type { Structs } from './structs.ts'

/** An ITS has at most as many; EventIDs have at most 16 bits under KVM. */
const MOST_DEVICES = ID_LIMIT
const MOST_EVENTS = ID_LIMIT

/** A device as the guest's kernel has it: its_device and its event_lpi_map. */
export class KernelDevice {
  readonly deviceId: number
  /** its_device. */
  readonly at: Gpa
  readonly itt: Gpa | undefined
  /** The LPI of EventID 0. */
  readonly #lpiBase: number
  readonly #lpiMap: Uint32Array
  readonly #colMap: Uint16Array

  constructor(
    ids: { deviceId: number; at: Gpa; itt: Gpa | undefined },
    lpiBase: number,
    lpiMap: Uint32Array,
    colMap: Uint16Array,
  ) {
    this.deviceId = ids.deviceId
    this.at = ids.at
    this.itt = ids.itt
    this.#lpiBase = lpiBase
    this.#lpiMap = lpiMap
    this.#colMap = colMap
  }

  /** Whether the event is allocated: it may be mapped then, and is not when it is not. */
  allocated(eventId: number): boolean {
    return (((this.#lpiMap[eventId >>> 5] ?? 0) >>> (eventId & 31)) & 1) === 1
  }

  /** The EventIDs that are allocated, in order. */
  eventIds(): number[] {
    return Array.from(this.#colMap.keys()).filter((eventId) => this.allocated(eventId))
  }

  /** What the event is mapped to when it is mapped. */
  pintid(eventId: number): number {
    return this.#lpiBase + eventId
  }

  /** The collection of an event that is allocated. */
  icid(eventId: number): number {
    return this.#colMap[eventId]!
  }
}

/** The nodes of a list after its head, each of which must know the one before it. */
export async function* listNodes(reader: RamReader, map: LinearMap, head: Gpa): AsyncGenerator<Gpa> {
  let last: Gpa = head
  for (let count = 0; count <= MOST_DEVICES; count++) {
    const next = reader.follow(map, last)
    if (next === undefined) throw new NotTheKernels(last, 'the list of devices leads nowhere')
    await reader.need(next, 16)
    if (reader.follow(map, next + 8) !== last) throw new NotTheKernels(next + 8, 'the list of devices does not lead back')
    if (next === head) return
    yield next
    last = next
  }
  throw new NotTheKernels(last, `the list has more than ${MOST_DEVICES} devices`)
}

/**
 * Reads the list of devices of an ITS.
 *
 * @throws NotTheKernels where it is not a list of devices.
 * @source Linux drivers/irqchip/irq-gic-v3-its.c, its_create_device, its_alloc_device_irq
 */
export async function devicesOn(
  reader: RamReader,
  map: LinearMap,
  head: Gpa,
  structs: Structs,
): Promise<ReadonlyMap<number, KernelDevice>> {
  const devices = new Map<number, KernelDevice>()
  await reader.need(head, 16)
  for await (const node of listNodes(reader, map, head)) {
    const device = await deviceAt(reader, map, (node - structs.its_device.entry) as Gpa, structs)
    if (devices.has(device.deviceId)) throw new NotTheKernels(node, 'two devices of the list have one DeviceID')
    devices.set(device.deviceId, device)
  }
  return devices
}

async function deviceAt(reader: RamReader, map: LinearMap, at: Gpa, structs: Structs): Promise<KernelDevice> {
  const { event_map, itt, device_id } = structs.its_device
  const { lpi_map, col_map, lpi_base, nr_lpis } = structs.event_lpi_map
  const mapEnd = event_map + Math.max(lpi_map + 8, col_map + 8, lpi_base + 8, nr_lpis + 4)
  await reader.need(at, Math.max(itt + 8, device_id + 4, mapEnd))
  const events = at + event_map
  const count = reader.u32(events + nr_lpis)
  const lpiBase = reader.u64(events + lpi_base)
  const ids = { deviceId: reader.u32(at + device_id), at, itt: reader.follow(map, at + itt) }
  if (count === 0) return new KernelDevice(ids, 0, new Uint32Array(0), new Uint16Array(0))
  if (count > MOST_EVENTS || lpiBase < FIRST_LPI || lpiBase + BigInt(count) > 2 ** 32) {
    throw new NotTheKernels(events + nr_lpis, `${count} events from LPI ${lpiBase} on`)
  }
  const bitmap = reader.follow(map, events + lpi_map)
  const collections = reader.follow(map, events + col_map)
  if (bitmap === undefined || collections === undefined) throw new NotTheKernels(events, 'a device without a map of its events')
  const lpiMap = new Uint32Array((await wholeWords(reader, bitmap, count / 8)).buffer)
  const colMap = new Uint16Array((await wholeWords(reader, collections, count * 2)).buffer, 0, count)
  return new KernelDevice(ids, Number(lpiBase), lpiMap, colMap)
}

async function wholeWords(reader: RamReader, at: Gpa, bytes: number): Promise<Uint8Array> {
  const whole = Math.ceil(bytes / 8) * 8
  await reader.need(at, whole)
  return reader.bytes(at, whole)
}
