import { type Scene, undisproved, undisprovedDevices } from '../audit/index.ts'
import { EventSet } from '../tables/index.ts'

/**
 * What a repair takes out of the tables and may be live, each taken for live once: events whose LPI is enabled without another event
 * that stays and has it, and devices, which can be live without an event.
 */
export function endangered(before: Scene, after: Scene): EventSet {
  const set = new EventSet()
  const left = after.tables.mappings
  const staying = new Set(left.lpis)
  for (const [deviceId, eventId, itsLpi] of undisproved(before)) {
    if (!left.hasEvent(deviceId, eventId) && !staying.has(itsLpi)) set.addEvent(deviceId, eventId)
  }
  for (const deviceId of undisprovedDevices(before)) if (!left.hasDevice(deviceId)) set.addDevice(deviceId)
  return set
}
