import { hex } from '../abi/index.ts'
import type { Where } from '../memory/index.ts'

/** How devices and events are named in findings, plans and reports. */
export const deviceName = (deviceId: number): string => `DeviceID ${hex(deviceId)}`
export const eventName = (deviceId: number, eventId: number): string => `event ${eventId} of ${deviceName(deviceId)}`

/** ` of ITS 1`, behind a name: for a VM with several. */
export const itsName = ({ index }: { readonly index: number }): string => ` of ITS ${index}`

const tableOf: Readonly<Record<string, string>> = {
  CTE: 'the collection table',
  L1E: 'the first level of the device table',
  DTE: 'the device table',
  ITE: 'the ITT',
}

/** `DeviceID 0x5200 event 0`, `collection 3`; the table where no entry has a name. */
export function place({ what, deviceId, eventId, icid }: Where): string {
  if (deviceId !== undefined) return `${deviceName(deviceId)}${eventId === undefined ? '' : ` event ${eventId}`}`
  if (icid !== undefined) return `collection ${icid}`
  return what === undefined ? 'the tables' : (tableOf[what] ?? what)
}
