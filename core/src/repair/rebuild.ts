import { DTE, ENTRY_BYTES, hex, ITE } from '../abi/index.ts'
import { type DeviceRecord, deviceName, eventName, type History, sweep } from '../audit/index.ts'
import { dteAt } from '../its/index.ts'
import type { Gpa } from '../memory/index.ts'
import { ittBytes, type TableView, validEvents } from '../tables/index.ts'
import { type Cause, CLEARED, type Overlay } from './overlay.ts'
import type { Spending } from './spending.ts'

/** What to write anew: everything, or these devices with their ITTs. */
export interface RebuildWork {
  readonly only?: ReadonlySet<number>
  /** What asks for it. */
  readonly code: Cause
  /** What looking through the tables may cost at most, in steps. */
  readonly mostWork: number
  readonly spending: Spending
  /** ICIDs that a restore will know. */
  readonly icids: ReadonlySet<number>
}

/**
 * Writes device table entries and ITTs as the queue's history has them, and clears those that the history does not have. A word
 * that is right already is not touched; `next` is left to `mendChains`. What the history does not tell in full, or what has no place
 * in RAM, is not written.
 */
export function rebuildDevices(overlay: Overlay, view: TableView, history: History, work: RebuildWork): void {
  const isWanted = (deviceId: number) => work.only?.has(deviceId) ?? true
  for (const { deviceId, at } of sweep(overlay.memory, view, work.mostWork).mappings.devices) {
    if (!isWanted(deviceId) || history.devices.get(deviceId)?.mapped === true) continue
    overlay.put(at, CLEARED, {
      code: work.code,
      kind: 'DTE',
      id: deviceName(deviceId),
      ...unmapped,
      proven: true,
    })
  }
  for (const device of history.devices.values()) {
    if (!device.mapped || !isWanted(device.deviceId)) continue
    const at = view.deviceTable.valid ? dteAt(overlay.memory, view.deviceTable, device.deviceId) : -1
    const { ittAddr, eventIdBits } = device
    const known = ittAddr !== undefined && eventIdBits !== undefined
    if (at < 0 || !known) continue
    if (!overlay.memory.isLoaded(ittAddr, ittBytes(eventIdBits))) work.spending.unread = true
    else if (work.spending.account.take(ittBytes(eventIdBits) / ENTRY_BYTES)) {
      writeDevice(overlay, device, at as Gpa, [ittAddr, eventIdBits], work)
      writeEvents(overlay, device, [ittAddr, eventIdBits], work)
    }
  }
}

const unmapped = { because: 'not mapped', why: 'the guest does not have it mapped' } as const

type Itt = readonly [ittAddr: Gpa, eventIdBits: number]

function writeDevice(
  overlay: Overlay,
  { deviceId, at: by }: DeviceRecord,
  at: Gpa,
  [ittAddr, bits]: Itt,
  { code }: RebuildWork,
): void {
  const { next } = DTE.decode(...overlay.word(at))
  const entry = DTE.encode({ valid: true, next, ittAddr, size: bits - 1 })
  const why = `the guest mapped it so, MAPD at ${hex(by)}`
  const reason = { code, kind: 'DTE', deviceId, because: 'MAPD', why, proven: true } as const
  overlay.put(at, [entry.lo, entry.hi], { ...reason, id: deviceName(deviceId) })
}

/** Writes the events of a device and clears what else is valid in its ITT. */
function writeEvents(overlay: Overlay, device: DeviceRecord, [ittAddr, bits]: Itt, work: RebuildWork): void {
  const { deviceId } = device
  const reason = { code: work.code, kind: 'ITE', deviceId, proven: true } as const
  const written = new Set<number>()
  for (const [eventId, { lpi, icid, at: by }] of device.events) {
    const at = (ittAddr + eventId * ENTRY_BYTES) as Gpa
    if (lpi === undefined || icid === undefined || !work.icids.has(icid) || !overlay.memory.contains(at, ENTRY_BYTES)) continue
    const { next } = ITE.decode(...overlay.word(at))
    const entry = ITE.encode({ next, pintid: lpi, icid })
    const why = `the guest mapped it so, MAPTI at ${hex(by)}`
    overlay.put(at, [entry.lo, entry.hi], { ...reason, id: eventName(deviceId, eventId), because: 'MAPTI', why })
    written.add(eventId)
  }
  for (const eventId of validEvents(overlay.memory, ittAddr, bits)) {
    if (written.has(eventId)) continue
    const at = (ittAddr + eventId * ENTRY_BYTES) as Gpa
    overlay.put(at, CLEARED, { ...reason, id: eventName(deviceId, eventId), ...unmapped })
  }
}
