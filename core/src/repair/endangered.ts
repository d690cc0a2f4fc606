import { type Scene, undisproved, undisprovedDevices } from '../audit/index.ts'
import { EventSet } from '../tables/index.ts'

/**
 * What a repair takes out of the tables and may be live, each taken for live once: events whose LPI is enabled and no live
 * event's, and devices, which can be live without an event. Another that stays and has the LPI may be the stale one of the two.
 */
export function endangered(before: Scene, after: Scene): EventSet {
  const set = new EventSet()
  const left = after.tables.mappings
  for (const [deviceId, eventId] of undisproved(before)) if (!left.hasEvent(deviceId, eventId)) set.addEvent(deviceId, eventId)
  for (const deviceId of undisprovedDevices(before)) if (!left.hasDevice(deviceId)) set.addDevice(deviceId)
  return set
}
