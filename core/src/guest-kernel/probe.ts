import { FIRST_LPI, ID_LIMIT } from '../abi/index.ts'
import type { Gpa } from '../memory/index.ts'
import { listNodes } from './device-list.ts'
import type { FoundTables } from './its-node.ts'
import type { LinearMap } from './linear-map.ts'
import { NotTheKernels, type RamReader } from './ram-reader.ts'
import { ITS_BASER, ITS_NODE, type Structs } from './structs.ts'

/** The DeviceIDs that have a valid DTE with an ITT, by the ITT's address. */
export type DevicesOfItt = ReadonlyMap<number, readonly number[]>

/** Devices that are looked at: enough to tell one member from another. */
const SAMPLE = 64
/** Where its_device_list may lie behind `tables`. */
const LIST = { from: 8 * ITS_BASER.bytes, to: 8 * ITS_BASER.bytes + 256 }
/** Where the members of its_device may lie. Behind its first member, the node of the list, is a pointer to the ITS. */
const DEVICE = { eventMapFrom: 24, eventMapTo: 64, bytes: 192 }
/** The same in every kernel that was read, from 5.10 to 7.3. */
const EVENT_LPI_MAP = { lpi_map: 0, col_map: 8, lpi_base: 16, nr_lpis: 24 }

/**
 * Finds where the members lie of a kernel that has no BTF: by what its structures point to, and by the device table that KVM saved. As
 * soon as one device is mapped its ITT and its DeviceID can be told from all else.
 *
 * @returns nothing when not one device tells, or several answers are as good; offsets of its_node are relative to `tables`
 * @throws NotTheKernels
 */
export async function probe(reader: RamReader, { at, map }: FoundTables, itts: DevicesOfItt): Promise<Structs | undefined> {
  const list = await listHead(reader, map, at)
  const devices: Gpa[] = []
  for await (const node of listNodes(reader, map, list)) {
    if (devices.length === SAMPLE) break
    await reader.need(node, DEVICE.bytes)
    devices.push(node)
  }
  const eventMap = offsets(DEVICE.eventMapFrom, DEVICE.eventMapTo, 8).find((offset) =>
    devices.every((device) => isEventMap(reader, map, device + offset)),
  )
  if (devices.length === 0 || eventMap === undefined) return undefined
  const ids = idsOf(reader, map, devices, eventMap + EVENT_LPI_MAP.nr_lpis + 4, itts)
  if (ids === undefined) return undefined
  return {
    its_node: { ...ITS_NODE, tables: 0, its_device_list: list - at },
    its_baser: { base: ITS_BASER.base, val: ITS_BASER.val },
    its_device: { entry: 0, event_map: eventMap, ...ids },
    event_lpi_map: EVENT_LPI_MAP,
  }
}

/** The first pair of pointers behind `tables` that is the head of a list. */
async function listHead(reader: RamReader, map: LinearMap, tables: Gpa): Promise<Gpa> {
  for (const offset of offsets(LIST.from, LIST.to, 8)) {
    const head = (tables + offset) as Gpa
    await reader.need(head, 16)
    const next = reader.follow(map, head)
    const previous = reader.follow(map, head + 8)
    if (next === undefined || previous === undefined || !reader.isRam(next, 16) || !reader.isRam(previous, 16)) continue
    await reader.need(next, 16)
    await reader.need(previous, 16)
    if (reader.follow(map, next + 8) === head && reader.follow(map, previous) === head) return head
  }
  throw new NotTheKernels(tables, 'no list of devices behind the tables')
}

function isEventMap(reader: RamReader, map: LinearMap, at: number): boolean {
  const events = reader.u32(at + EVENT_LPI_MAP.nr_lpis)
  const first = reader.u64(at + EVENT_LPI_MAP.lpi_base)
  return (
    isPointerToRam(reader, map, at + EVENT_LPI_MAP.lpi_map) &&
    isPointerToRam(reader, map, at + EVENT_LPI_MAP.col_map) &&
    first >= FIRST_LPI &&
    first < 2n ** 24n &&
    events > 0 &&
    events <= ID_LIMIT
  )
}

function isPointerToRam(reader: RamReader, map: LinearMap, at: number): boolean {
  const to = reader.follow(map, at)
  return to !== undefined && reader.isRam(to, 8)
}

/** The places of ITT and DeviceID with which most devices, and at least half of them, are as the device table has them. */
function idsOf(
  reader: RamReader,
  map: LinearMap,
  devices: readonly Gpa[],
  from: number,
  itts: DevicesOfItt,
): { itt: number; device_id: number } | undefined {
  const choices = offsets(Math.ceil(from / 8) * 8, DEVICE.bytes - 8, 8).flatMap((itt) =>
    offsets(itt + 8, Math.min(itt + 40, DEVICE.bytes - 4), 4).map((device_id) => ({
      itt,
      device_id,
      agree: devices.filter((device) => {
        const address = reader.follow(map, device + itt)
        return address !== undefined && itts.get(address)?.includes(reader.u32(device + device_id)) === true
      }).length,
    })),
  )
  const most = Math.max(...choices.map(({ agree }) => agree))
  const best = choices.filter(({ agree }) => agree === most)
  if (most === 0 || most * 2 < devices.length || best.length !== 1) return undefined
  const { itt, device_id } = best[0]!
  return { itt, device_id }
}

const offsets = (from: number, to: number, step: number): number[] =>
  Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, index) => from + index * step)
