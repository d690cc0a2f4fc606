import { FIRST_LPI, ID_LIMIT } from '../abi/index.ts'
import { ittBytes } from '../tables/index.ts'
import type { Witnesses } from './beliefs.ts'
import { once } from './once.ts'
import { orphansOf } from './passes/orphans.ts'
import type { Scene } from './scene.ts'
import { chainWitness, lpiWitness } from './table-witnesses.ts'

/**
 * Events of the tables that may be live although nobody says so: neither the guest's commands, its kernel's list nor KVM's chains say
 * that they are not mapped, and their LPI is enabled and no live event's. What a PCI function alone denies is among them: not every guest
 * names all its events in vectors.
 */
export function* undisproved(scene: Scene): Generator<readonly [deviceId: number, eventId: number, lpi: number]> {
  const { beliefs, tables } = scene
  const { devices, events } = tables.mappings
  const chains = chainWitness(scene)
  const lpis = lpiWitness(scene)
  const isWaitedFor = (lpi: number) => lpi >= FIRST_LPI && lpi < ID_LIMIT && !lpis.isTaken(lpi) && lpis.isEnabled(lpi) === true
  for (const device of devices) {
    const { deviceId, first, count } = device
    if (chains.onDevice(deviceId).length > 0) continue
    const passed = once(() => chains.onEventsOf(device))
    for (let row = first; row < first + count; row++) {
      const [eventId, lpi] = [events.eventId[row]!, events.lpi[row]!]
      if (!isWaitedFor(lpi) || isDenied(beliefs.event(deviceId, eventId))) continue
      if (passed()(eventId).length === 0) yield [deviceId, eventId, lpi]
    }
  }
}

/**
 * Devices of the tables that may be live without an event that anybody waits for, as in Linux since 6.16: neither the guest's commands,
 * its kernel's list nor KVM's chains say that they are not mapped, and their ITT is in RAM and not another's by now.
 */
export function* undisprovedDevices(scene: Scene): Generator<number> {
  const { beliefs, tables, memory } = scene
  const chains = chainWitness(scene)
  const { orphans } = orphansOf(scene)
  for (const { deviceId, ittAddr, eventIdBits } of tables.mappings.devices) {
    if (isDenied(beliefs.device(deviceId)) || chains.onDevice(deviceId).length > 0) continue
    if (orphans.hasDevice(deviceId) || !memory.contains(ittAddr, ittBytes(eventIdBits))) continue
    yield deviceId
  }
}

const isDenied = ({ queue, kernel }: Witnesses): boolean => queue.says === 'dead' || kernel.says === 'dead'
