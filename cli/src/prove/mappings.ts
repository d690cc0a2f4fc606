import { hex } from '@vits/core/abi'
import { deviceName, type View } from '@vits/core/audit'

/** One mapping, as a line that sorts and compares: `DeviceID 0x8 EventID 0x0 -> LPI 8192, ICID 0x1`. */
export type Mapping = string

/** What a restore answers, and what it maps; a failed one maps nothing. */
export interface RestoreOutcome {
  /** `0`, or an errno's name. */
  readonly rc: string
  readonly view: View
}

/** Every collection, device and event, one a line. */
export function mappingLines({ collections, devices }: View): Mapping[] {
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

/** What a restore did, in a few words. */
export function outcomeLine({ rc, view: { collections, devices } }: RestoreOutcome): string {
  if (rc !== '0') return `RESTORE_TABLES fails: ${rc}`
  const events = devices.reduce((sum, device) => sum + device.events.length, 0)
  return `restores ${collections.length} collections, ${devices.length} devices, ${events} events`
}

/** The mappings of `a` that `b` has not. */
export function without(a: View, b: View): Mapping[] {
  const known = new Set(mappingLines(b))
  return mappingLines(a).filter((mapping) => !known.has(mapping))
}
