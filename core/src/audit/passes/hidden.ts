import { ENTRY_BYTES } from '../../abi/index.ts'
import { firstPast, type Gpa } from '../../memory/index.ts'
import { entryAt } from '../entries.ts'
import { declared, type Suspect, suspect } from '../finding.ts'
import type { MappedDevice } from '../mappings.ts'
import { deviceName } from '../names.ts'
import type { Scene } from '../scene.ts'
import type { SimulatedRestore } from '../simulate.ts'
import { lpiWitness } from '../table-witnesses.ts'
import { orphansOf } from './orphans.ts'

/** What lies in the tables, may be live, and does not come back. */
interface HiddenMapping {
  readonly device: MappedDevice
  /** Undefined where the device itself does not come back, with all its events. */
  readonly eventId: number | undefined
  /** Events that may be live and do not come back, and their LPIs. */
  readonly lpis: readonly number[]
  /** One of them may have an interrupt to lose. */
  readonly isAwaited: boolean
  /** A device that comes back, has the same ITT and is not known to be live: of the two, one is stale. */
  readonly reached: MappedDevice | undefined
}

/**
 * Devices and events that may be live and that a restore loses: KVM saved all that is mapped, so that an entry which the scan does not
 * come to is stale, or one before it is and leads past it. Of these nobody says which it is. An event whose LPI an earlier event has by
 * then is one, too: either of the two may be the stale one.
 */
function hiddenMappings(scene: Scene, restored: SimulatedRestore): HiddenMapping[] {
  const { objection, cut, mappings } = restored
  if (objection !== undefined || cut !== undefined) return []
  const { beliefs, tables } = scene
  const { orphans } = orphansOf(scene)
  const isUnknown = ({ deviceId }: MappedDevice) => beliefs.device(deviceId).belief === 'unknown' && !orphans.hasDevice(deviceId)
  const reached = new Overlaps(mappings.devices.filter(isUnknown))
  const { eventId: eventIds, lpi } = tables.mappings.events
  const isAwaited = (one: number) => lpiWitness(scene).mayBeAwaited(one)
  const mayBeLive = (deviceId: number, eventId: number) =>
    mappings.row(deviceId, eventId) < 0 &&
    beliefs.eventBelief(deviceId, eventId) === 'unknown' &&
    !orphans.hasEvent(deviceId, eventId)
  return tables.mappings.devices.flatMap((device): HiddenMapping[] => {
    const { deviceId, first, count } = device
    const back = mappings.device(deviceId)
    if (back === undefined ? !isUnknown(device) : back.count >= count || orphans.hasDevice(deviceId)) return []
    const absent = rows(first, count).filter((row) => mayBeLive(deviceId, eventIds[row]!))
    if (back === undefined) {
      const lpis = absent.map((row) => lpi[row]!)
      return [{ device, eventId: undefined, lpis, isAwaited: lpis.some(isAwaited), reached: reached.with(device) }]
    }
    return absent.map((row) => ({
      device,
      eventId: eventIds[row]!,
      lpis: [lpi[row]!],
      isAwaited: isAwaited(lpi[row]!),
      reached: undefined,
    }))
  })
}

const rows = (first: number, count: number): readonly number[] => Array.from({ length: count }, (_, i) => first + i)

/** Whether an event that is no orphan is missed where it does not come back: it is live, or may be, and somebody may wait for it. */
export function isMissed(scene: Scene, deviceId: number, eventId: number): boolean {
  if (scene.beliefs.eventBelief(deviceId, eventId) !== 'unknown') return true
  const { mappings } = scene.tables
  const row = mappings.row(deviceId, eventId)
  return row < 0 || lpiWitness(scene).mayBeAwaited(mappings.events.lpi[row]!)
}

/** Devices of which interrupts may be lost. One without an event that may be live and is awaited has none to lose, until the guest maps one. */
export function hiddenDevices(scene: Scene, restored: SimulatedRestore): ReadonlySet<number> {
  const losing = hiddenMappings(scene, restored).filter(({ isAwaited }) => isAwaited)
  return new Set(losing.map(({ device: { deviceId } }) => deviceId))
}

/** Finds a device whose ITT shares memory with another's. */
class Overlaps {
  readonly #byAddress: readonly MappedDevice[]
  /** Of the devices up to each place, the one whose ITT ends last. */
  readonly #widest: readonly MappedDevice[]

  constructor(devices: readonly MappedDevice[]) {
    this.#byAddress = [...devices].sort((a, b) => a.ittAddr - b.ittAddr)
    const widest: MappedDevice[] = []
    for (const device of this.#byAddress) {
      const before = widest.at(-1)
      widest.push(before === undefined || end(device) > end(before) ? device : before)
    }
    this.#widest = widest
  }

  with(one: MappedDevice): MappedDevice | undefined {
    const before = firstPast(this.#byAddress.length, (i) => this.#byAddress[i]!.ittAddr >= end(one))
    const found = this.#widest[before - 1]
    return found !== undefined && end(found) > one.ittAddr ? found : undefined
  }
}

const end = ({ ittAddr, eventIdBits }: MappedDevice) => ittAddr + 2 ** eventIdBits * ENTRY_BYTES

/** Says of each that it may be lost; that is a note where nobody waits for an interrupt of it. */
export function* hiddenPass(scene: Scene): Generator<Suspect> {
  for (const { device, eventId, lpis, isAwaited, reached } of hiddenMappings(scene, scene.restored)) {
    const { deviceId, at } = device
    const isDisabled = lpis.length > 0 && !isAwaited
    const found = {
      confidence: 'inferred',
      effect: declared(isAwaited ? 'corrupts' : 'note'),
      evidence: isDisabled ? lpiWitness(scene).onEvent(lpis[0]!) : [],
    } as const
    if (eventId === undefined) {
      const rows = [
        entryAt(scene.memory, 'DTE', at, deviceName(deviceId), 'not reached'),
        reached && entryAt(scene.memory, 'DTE', reached.at, deviceName(reached.deviceId), 'comes back'),
      ]
      const details = { deviceId, other: reached?.deviceId, events: lpis.length, isDisabled }
      yield suspect('D215', details, { ...found, deviceId, at, rows })
    } else {
      const ite = (device.ittAddr + eventId * ENTRY_BYTES) as Gpa
      const rows = [entryAt(scene.memory, 'ITE', ite, `event ${eventId}`, 'not reached')]
      yield suspect('I312', { deviceId, eventId, isDisabled }, { ...found, deviceId, eventId, at: ite, rows })
    }
  }
}
