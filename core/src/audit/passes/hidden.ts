import { ENTRY_BYTES } from '../../abi/index.ts'
import { firstPast } from '../../memory/index.ts'
import { entryAt } from '../entries.ts'
import { declared, type Suspect, suspect } from '../finding.ts'
import type { MappedDevice } from '../mappings.ts'
import { deviceName } from '../names.ts'
import type { Scene } from '../scene.ts'
import type { SimulatedRestore } from '../simulate.ts'
import { orphansOf } from './orphans.ts'

/** Two devices of which one is stale, since they share memory for their ITTs, and no witness knows which. */
export interface HiddenDevice {
  /** No restore brings it back. */
  readonly hidden: MappedDevice
  /** The one that comes back. */
  readonly reached: MappedDevice
}

/**
 * Devices that may be live and that a restore loses: nobody calls them dead, the scan does not come to them or passes over all their
 * events, and one that it comes to has the same ITT without being known to be live.
 */
export function hiddenDevices(scene: Scene, restored: SimulatedRestore): HiddenDevice[] {
  const { objection, cut, mappings } = restored
  if (objection !== undefined || cut !== undefined) return []
  const { orphans } = orphansOf(scene)
  const isUnknown = ({ deviceId }: MappedDevice) =>
    scene.beliefs.device(deviceId).belief === 'unknown' && !orphans.hasDevice(deviceId)
  const reached = new Overlaps(mappings.devices.filter(isUnknown))
  return scene.tables.mappings.devices.flatMap((hidden) => {
    if (hidden.count === 0 || comesBack(hidden, restored) || !isUnknown(hidden)) return []
    const other = reached.with(hidden)
    return other === undefined ? [] : [{ hidden, reached: other }]
  })
}

/** Not so a device of which every event is passed over, because another device has their LPIs. */
function comesBack({ deviceId }: MappedDevice, { mappings, taken }: SimulatedRestore): boolean {
  const back = mappings.device(deviceId)
  return back !== undefined && (back.count > 0 || !taken.has(deviceId))
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

/** Says of each such device that it may be lost. */
export function* hiddenPass(scene: Scene): Generator<Suspect> {
  for (const { hidden, reached } of hiddenDevices(scene, scene.restored)) {
    const { deviceId, at, count } = hidden
    const rows = [
      entryAt(scene.memory, 'DTE', at, deviceName(deviceId), 'not reached'),
      entryAt(scene.memory, 'DTE', reached.at, deviceName(reached.deviceId), 'comes back'),
    ]
    const detail = { deviceId, other: reached.deviceId, events: count }
    yield suspect('D215', detail, { confidence: 'inferred', deviceId, at, rows, effect: declared('corrupts') })
  }
}
