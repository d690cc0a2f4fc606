import type { Its } from '@vits/core/its'

/** All that an ITS has mapped, of each device the first events: the same words when it is the same. */
export function mappedIn({ collections, devices, events, gic }: Its, eventsOfEach: number): string {
  const mapped = Array.from(collections.order, (icid) => `ICID ${icid} on ${collections.target(icid)}`)
  for (let slot = devices.first(); slot >= 0; slot = devices.after(slot)) {
    mapped.push(`DeviceID ${devices.deviceId[slot]}, ITT ${devices.ittAddr[slot]}`)
    for (let eventId = 0; eventId < eventsOfEach; eventId++) {
      const index = events.find(slot, eventId)
      if (index >= 0) mapped.push(`EventID ${eventId} LPI ${gic.lpis.intid(events.lpi(index))} ICID ${events.icid(index)}`)
    }
  }
  return mapped.join('; ')
}
