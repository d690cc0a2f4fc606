import { FIRST_LPI, type ListedDevice, type ListedEvent, LPI_LIMIT, MAX_EVENTID_BITS } from '../../abi/index.ts'
import { TextLines } from './text-lines.ts'

/** The first kernel that has it printed DeviceIDs in decimal. */
const DEVICE = /^Device ID: (0x[0-9a-f]{1,8}|\d{1,10}), Event ID Range: \[0 - (\d{1,20})\]$/
const HEADING = /^EVENT_ID {4}INTID {2}HWINTID {3}TARGET {3}COL_ID HW$/
const RULE = /^-{47}$/
const ROW = /^ *(\d{1,10}) +(\d{1,10}) +\d{1,10} +(\d{1,10}) +(\d{1,10}) +[01]$/
const DEVICE_ID_LIMIT = 2 ** 32
const ICID_LIMIT = 2 ** 16
/** As KVM has a collection that is not mapped. */
const NOT_MAPPED = 2 ** 32 - 1

/** True for what such a text begins with. */
export const isItsState = (start: string): boolean => /^\nDevice ID: /.test(start)

/**
 * The devices of debugfs' vgic-its-state@BASE.
 *
 * @throws FormatError for whatever KVM does not print, and for a device or an event that comes twice.
 * @source Linux arch/arm64/kvm/vgic/vgic-its.c or vgic-debug.c, vgic_its_debug_show, of 6.16
 */
export function itsState(bytes: Uint8Array): ReadonlyMap<number, ListedDevice> {
  const text = new TextLines(bytes, 'a text of vgic-its-state')
  const devices = new Map<number, ListedDevice>()
  while (text.next !== undefined) {
    text.take(/^$/, 'an empty line')
    const [id, last] = text.take(DEVICE, `a device that is not there yet, with 2 to 2^${MAX_EVENTID_BITS} EventIDs,`, (taken) => {
      const [deviceId, most] = [Number(taken[0]), Number(taken[1])]
      const isSize = Number.isInteger(Math.log2(most + 1)) && most > 0 && most < 2 ** MAX_EVENTID_BITS
      return deviceId < DEVICE_ID_LIMIT && isSize && !devices.has(deviceId)
    })
    const [deviceId, eventIds] = [Number(id), Number(last) + 1]
    text.take(HEADING, 'the heading of the events')
    text.take(RULE, 'the rule below the heading')
    devices.set(deviceId, { eventIdBits: Math.log2(eventIds), events: eventsOf(text, eventIds) })
  }
  return devices
}

function eventsOf(text: TextLines, eventIds: number): ReadonlyMap<number, ListedEvent> {
  const events = new Map<number, ListedEvent>()
  while (text.next !== undefined && text.next !== '') {
    const [eventId, lpi, target, icid] = (ROW.exec(text.next) ?? []).slice(1).map(Number)
    const isOne = eventId !== undefined && eventId < eventIds && !events.has(eventId)
    if (!isOne || lpi! < FIRST_LPI || lpi! >= LPI_LIMIT || icid! >= ICID_LIMIT) throw text.wrong('an event that is not there yet')
    events.set(eventId, { lpi: lpi!, icid: icid!, rdBase: target === NOT_MAPPED ? undefined : target! })
    text.pass()
  }
  return events
}
