import { ChainWitness } from './chain-witness.ts'
import { LpiWitness } from './lpi-witness.ts'
import type { Scene } from './scene.ts'

/**
 * Events of the tables that may be live although nobody says so: neither the guest's commands nor KVM's chains say that they are
 * not mapped, and their LPI is enabled and no live event's. What a PCI function alone denies is among them: not every guest
 * names all its events in vectors.
 */
export function* undisproved(scene: Scene): Generator<readonly [deviceId: number, eventId: number, lpi: number]> {
  const { beliefs, tables } = scene
  const { devices, events } = tables.mappings
  const chains = new ChainWitness(tables.mappings, beliefs)
  const lpis = new LpiWitness(scene)
  for (const device of devices) {
    const { deviceId, first, count } = device
    if (chains.onDevice(deviceId).length > 0) continue
    const passed = chains.onEventsOf(device)
    for (let row = first; row < first + count; row++) {
      const [eventId, lpi] = [events.eventId[row]!, events.lpi[row]!]
      if (beliefs.event(deviceId, eventId).queue === 'unmapped' || passed(eventId).length > 0) continue
      if (lpis.onEvent(lpi).some(({ against }) => against)) yield [deviceId, eventId, lpi]
    }
  }
}
