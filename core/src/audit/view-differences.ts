import type { DeviceRow, EventRow, View } from './views.ts'

/** What is different in a later save. Where one save does not know a value, nothing is said about it. */
export interface Change {
  readonly what: 'mapped' | 'unmapped' | 'moved' | 'changed'
  readonly icid?: number
  readonly deviceId?: number
  readonly eventId?: number
  /** What it was and what it is: `RDbase 0`, `LPI 8192`, `collection 1`, `ITT 0x40900000, 5 bits`. */
  readonly from?: string
  readonly to?: string
}

/** How two saves of one VM differ from one viewpoint, collections first, then by DeviceID and EventID. */
export function viewDifferences(before: View, after: View): Change[] {
  return [...collectionChanges(before, after), ...deviceChanges(before, after)]
}

function* collectionChanges(before: View, after: View): Generator<Change> {
  const was = new Map(before.collections.map(({ icid, rdBase }) => [icid, rdBase]))
  const is = new Map(after.collections.map(({ icid, rdBase }) => [icid, rdBase]))
  for (const icid of idsOf(was, is)) {
    const [from, to] = [was.get(icid), is.get(icid)]
    if (from === to) continue
    const what = from === undefined ? 'mapped' : to === undefined ? 'unmapped' : 'moved'
    yield { what, icid, ...(from !== undefined && { from: `RDbase ${from}` }), ...(to !== undefined && { to: `RDbase ${to}` }) }
  }
}

function* deviceChanges(before: View, after: View): Generator<Change> {
  const was = new Map(before.devices.map((device) => [device.deviceId, device]))
  const is = new Map(after.devices.map((device) => [device.deviceId, device]))
  for (const deviceId of idsOf(was, is)) {
    const [from, to] = [was.get(deviceId), is.get(deviceId)]
    if (from === undefined) yield { what: 'mapped', deviceId, to: placeOf(to!) }
    else if (to === undefined) yield { what: 'unmapped', deviceId, from: placeOf(from) }
    else if (isMoved(from, to)) yield { what: 'moved', deviceId, from: placeOf(from), to: placeOf(to) }
    yield* eventChanges(deviceId, from?.events ?? [], to?.events ?? [])
  }
}

function* eventChanges(deviceId: number, before: readonly EventRow[], after: readonly EventRow[]): Generator<Change> {
  const was = new Map(before.map((event) => [event.eventId, event]))
  const is = new Map(after.map((event) => [event.eventId, event]))
  for (const eventId of idsOf(was, is)) {
    const [from, to] = [was.get(eventId), is.get(eventId)]
    if (from === undefined) yield { what: 'mapped', deviceId, eventId, to: targetOf(to!) }
    else if (to === undefined) yield { what: 'unmapped', deviceId, eventId, from: targetOf(from) }
    else if (differs(from.lpi, to.lpi)) yield { what: 'changed', deviceId, eventId, from: targetOf(from), to: targetOf(to) }
    else if (differs(from.icid, to.icid)) yield { what: 'moved', deviceId, eventId, from: targetOf(from), to: targetOf(to) }
  }
}

function idsOf(a: ReadonlyMap<number, unknown>, b: ReadonlyMap<number, unknown>): number[] {
  return [...new Set([...a.keys(), ...b.keys()])].sort((x, y) => x - y)
}

const differs = (a: number | null, b: number | null): boolean => a !== null && b !== null && a !== b
const isMoved = (a: DeviceRow, b: DeviceRow): boolean => differs(a.itt, b.itt) || differs(a.eventIdBits, b.eventIdBits)

function placeOf({ itt, eventIdBits }: DeviceRow): string {
  return itt === null ? 'ITT unknown' : `ITT 0x${itt.toString(16)}, ${eventIdBits} bit${eventIdBits === 1 ? '' : 's'}`
}

function targetOf({ lpi, icid }: EventRow): string {
  return `LPI ${lpi ?? 'unknown'}, collection ${icid ?? 'unknown'}`
}
