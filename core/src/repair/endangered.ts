import { type Scene, undisproved } from '../audit/index.ts'
import { EventSet } from '../tables/index.ts'
import { mappedIn } from './mapped-in.ts'

/**
 * Events that a repair takes out of the tables and that may be live: each is taken for live once, and its LPI is enabled without
 * another event that stays and has it.
 */
export function endangered(before: Scene, after: Scene): EventSet {
  const set = new EventSet()
  const left = mappedIn(after.tables.mappings)
  const { lpi, length } = after.tables.mappings.events
  const staying = new Set(lpi.subarray(0, length))
  for (const [deviceId, eventId, itsLpi] of undisproved(before)) {
    if (!left.hasEvent(deviceId, eventId) && !staying.has(itsLpi)) set.addEvent(deviceId, eventId)
  }
  return set
}
