import type { QuirkName } from '../../abi/index.ts'
import { Guest, PLACES } from './guest.ts'

/** Device 2 with events 1 (LPI 8193, collection 1, pending) and 3 (LPI 8195, collection 7, not mapped to a vCPU). */
export function prepared(quirks: readonly QuirkName[] = []): Guest {
  const guest = new Guest({ vcpuIds: [0, 1, 9], quirks }).mapCollections()
  guest.configureAll(8192, 64)
  guest.mapDevice(2)
  guest.run('MAPTI', { deviceId: 2, eventId: 1, pintid: 8193, icid: 1 })
  guest.run('MAPTI', { deviceId: 2, eventId: 3, pintid: 8195, icid: 7 })
  guest.msi(2, 1)
  return guest
}

/** Everything that a command could have changed. */
export function stateOf({ its, gic, memory }: Guest) {
  const { lpis } = gic
  const found: unknown[] = [its.collections.order.map((icid) => [icid, its.collections.target(icid)])]
  for (let slot = its.devices.first(); slot >= 0; slot = its.devices.after(slot)) {
    found.push([its.devices.deviceId[slot], its.devices.ittAddr[slot], its.devices.bits[slot]])
    for (let eventId = 0; eventId < 40; eventId++) {
      const index = its.events.find(slot, eventId)
      if (index >= 0) found.push([eventId, lpis.intid(its.events.lpi(index)), its.events.icid(index)])
    }
  }
  for (let lpi = lpis.first(); lpi !== 0; lpi = lpis.after(lpi)) {
    found.push([lpis.intid(lpi), lpis.target(lpi), lpis.isPending(lpi), lpis.isEnabled(lpi), lpis.priority(lpi)])
  }
  return { found, dirty: memory.dirtyPages().filter((page) => page !== PLACES.queue) }
}
