import { hex } from '@vits/core/abi'
import { deviceName, type View } from '@vits/core/audit'

/** One mapping, as a line that sorts and compares: `DeviceID 0x8 EventID 0x0 -> LPI 8192, ICID 0x1`. */
export type Mapping = string

/** Every collection, device and event, one a line. */
function mappingLines({ collections, devices }: View): Mapping[] {
  return [
    ...collections.map(({ icid, rdBase }) => `ICID ${hex(icid)} -> RDbase ${hex(rdBase)}`),
    ...devices.flatMap(({ deviceId, itt, eventIdBits, events }) => [
      `${deviceName(deviceId)} -> ITT ${hex(itt ?? 0)}, ${eventIdBits} EventID bits`,
      ...events.map(
        ({ eventId, lpi, icid }) => `${deviceName(deviceId)} EventID ${hex(eventId)} -> LPI ${lpi}, ICID ${hex(icid ?? 0)}`,
      ),
    ]),
  ]
}

/** The mappings of `a` that `b` has not. */
export function without(a: View, b: View): Mapping[] {
  const known = new Set(mappingLines(b))
  return mappingLines(a).filter((mapping) => !known.has(mapping))
}
