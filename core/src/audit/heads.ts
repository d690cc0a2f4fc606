import { HEAD_DTE, HEAD_ITE } from '../abi/index.ts'
import type { Gpa } from '../memory/index.ts'
import { dteBlocks, isHead, isValidDte, isValidIte } from '../tables/index.ts'
import type { Head } from './head.ts'
import { ifThere } from './if-there.ts'
import type { MappedDevice } from './mappings.ts'
import { orphansOf } from './passes/orphans.ts'
import type { Scene } from './scene.ts'

/** Where a head may stand: index 0 of the device table, of a second-level page, or of the ITT of a device that is not dead. */
export interface HeadPlace {
  readonly kind: Head['kind']
  readonly at: Gpa
  /** As of a head. */
  readonly deviceId: number
  /** The first id that is valid in the table and not dead. */
  readonly first: number | undefined
  /** It can be read, and no valid entry stands there. */
  readonly isFree: boolean
  /** What stands there now. */
  readonly head: Head | undefined
}

/**
 * The heads in the tables, device tables first, by id. Elsewhere than at index 0 nobody writes one: what looks like a head there is
 * rubbish. So it is in the ITT of a dead device, which is the guest's memory again.
 */
export const headsOf = (scene: Scene): readonly Head[] => headPlaces(scene).flatMap(({ head }) => head ?? [])

/** Every place where a head may stand, each once: two devices may share an ITT. */
export const headPlaces = (scene: Scene): readonly HeadPlace[] => scene.once(find)

function find(scene: Scene): readonly HeadPlace[] {
  const found: HeadPlace[] = []
  const known = new Set<Gpa>()
  for (const place of places(scene)) {
    // No more places than the sweep of the tables has seen: its share bounds them.
    scene.work++
    if (known.has(place.at)) continue
    known.add(place.at)
    const { kind, at, deviceId, first } = place
    found.push({ kind, at, deviceId, first, ...headAt(scene, place) })
  }
  return found
}

interface Place extends Omit<HeadPlace, 'isFree' | 'head'> {
  /** What a head there may name besides the first. */
  readonly other?: number | undefined
}

function* places(scene: Scene): Generator<Place> {
  const { orphans } = orphansOf(scene)
  const live = scene.tables.mappings.devices.filter(({ deviceId }) => !orphans.hasDevice(deviceId))
  let next = 0
  for (const { base, firstId, entries } of dteBlocks(scene.memory, scene.view.deviceTable)) {
    while (next < live.length && live[next]!.deviceId < firstId) next++
    const candidate = live[next]?.deviceId
    const first = candidate !== undefined && candidate < firstId + entries ? candidate : undefined
    // The proposal has one head for all pages, which counts from DeviceID 0.
    const other = firstId === 0 && first === undefined ? candidate : undefined
    yield { kind: 'DTE', at: base, deviceId: firstId, first, other }
  }
  for (const device of live)
    yield { kind: 'ITE', at: device.ittAddr, deviceId: device.deviceId, first: firstEvent(scene, device) }
}

function firstEvent(scene: Scene, { deviceId, first, count }: MappedDevice): number | undefined {
  const { orphans } = orphansOf(scene)
  const { eventId } = scene.tables.mappings.events
  for (let row = first; row < first + count; row++) if (!orphans.hasEvent(deviceId, eventId[row]!)) return eventId[row]!
  return undefined
}

function headAt({ memory }: Scene, { kind, at, deviceId, first, other }: Place): Pick<HeadPlace, 'isFree' | 'head'> {
  const word = ifThere(() => [memory.u32(at), memory.u32((at + 4) as Gpa) | 0] as const)
  if (word === undefined) return { isFree: false, head: undefined }
  const [lo, hi] = word
  const isFree = !(kind === 'DTE' ? isValidDte(hi) : isValidIte(lo, hi))
  if (!isFree || !isHead(lo)) return { isFree, head: undefined }
  const distance = (kind === 'DTE' ? HEAD_DTE : HEAD_ITE).fields.first.get(lo, hi)
  const names = distance === 0 ? undefined : distance + (kind === 'DTE' ? deviceId : 0)
  const isStale = names !== first && (names === undefined || names !== other)
  return { isFree, head: { kind, at, deviceId, names, first, isStale } }
}
