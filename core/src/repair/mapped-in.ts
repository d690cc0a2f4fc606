import type { Mappings } from '../audit/index.ts'
import { EventSet } from '../tables/index.ts'

/** The devices and events of some mappings. */
export function mappedIn({ devices, events }: Mappings): EventSet {
  const set = new EventSet()
  for (const { deviceId, first, count } of devices) {
    set.addDevice(deviceId)
    for (let row = first; row < first + count; row++) set.addEvent(deviceId, events.eventId[row]!)
  }
  return set
}
