import { type Scene, undisproved, undisprovedDevices } from '../audit/index.ts'
import { EventSet } from '../tables/index.ts'
import { mappedIn } from './mapped-in.ts'

/**
 * What a repair takes out of the tables and may be live, each taken for live once: events whose LPI is enabled without another event
 * that stays and has it, and devices, which can be live without an event.
 */
export function endangered(before: Scene, after: Scene): EventSet {
  const set = new EventSet()
  const left = mappedIn(after.tables.mappings)
  const { lpi, length } = after.tables.mappings.events
  const staying = new Set(lpi.subarray(0, length))
  for (const [deviceId, eventId, itsLpi] of undisproved(before)) {
    if (!left.hasEvent(deviceId, eventId) && !staying.has(itsLpi)) set.addEvent(deviceId, eventId)
  }
  for (const deviceId of undisprovedDevices(before)) if (!left.hasDevice(deviceId)) set.addDevice(deviceId)
  return set
}
