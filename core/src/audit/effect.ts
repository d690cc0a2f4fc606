import type { Gpa, GuestMemory, Where } from '../memory/index.ts'
import { type ObjectionName, objections } from '../tables/index.ts'
import type { EntryKind } from './entries.ts'
import type { Effect, EventId, EventList, WordWrite } from './finding.ts'
import type { Mappings } from './mappings.ts'
import { place } from './names.ts'
import type { SimulatedRestore } from './simulate.ts'

/** The write that clears the entry at `at`. */
export function clearing(memory: Pick<GuestMemory, 'u32'>, at: Gpa): WordWrite {
  return { at, from: [memory.u32(at), memory.u32((at + 4) as Gpa)], to: [0, 0] }
}

/** Counts events, and keeps the first few. */
export class EventCounter implements EventList {
  count = 0
  readonly first: EventId[] = []
  readonly #kept: number

  constructor(kept = 16) {
    this.#kept = kept
  }

  add(deviceId: number, eventId: number): void {
    if (this.count++ < this.#kept) this.first.push([deviceId, eventId])
  }
}

/** What is dead, for certain or by inference, and what is missed where it does not come back. */
export interface Judgement {
  isDead(deviceId: number, eventId: number): boolean
  /** It is live, or may be and somebody may wait for it. */
  isMissed(deviceId: number, eventId: number): boolean
  isLiveDevice(deviceId: number): boolean
}

/** The effect of an entry on a restore: what the walk with it answers against the walk without it. */
export function effectOf(withIt: SimulatedRestore, without: SimulatedRestore, judge: Judgement): Effect {
  const revived = new EventCounter()
  const lost = new EventCounter()
  if (withIt.objection !== undefined) {
    const { name, where } = withIt.objection
    const mine = without.objection === undefined || !samePlace(where, without.objection.where)
    const { errno, says } = objections[name]
    const stop = { at: where.at, kind: kindOf(name), says, place: place(where) }
    return {
      severity: mine ? 'fails' : 'latent',
      errno: mine ? errno : undefined,
      stop: mine ? stop : undefined,
      revived,
      lost,
      lostDevices: 0,
    }
  }
  let lostDevices = 0
  if (without.objection === undefined) {
    missingFrom(without.mappings, withIt.mappings, (deviceId, eventId) => {
      if (judge.isDead(deviceId, eventId)) revived.add(deviceId, eventId)
    })
    missingFrom(withIt.mappings, without.mappings, (deviceId, eventId) => {
      if (judge.isMissed(deviceId, eventId)) lost.add(deviceId, eventId)
    })
    lostDevices = without.mappings.devices.filter(
      ({ deviceId }) => withIt.mappings.device(deviceId) === undefined && judge.isLiveDevice(deviceId),
    ).length
  }
  const harm = revived.count + lost.count + lostDevices > 0
  return { severity: harm ? 'corrupts' : 'latent', errno: undefined, stop: undefined, revived, lost, lostDevices }
}

/** Calls `event` for every event of `all` that `some` has not. Both are in order of their ids. */
function missingFrom(some: Mappings, all: Mappings, event: (deviceId: number, eventId: number) => void): void {
  for (const device of all.devices) {
    const other = some.device(device.deviceId)
    let row = other?.first ?? 0
    const end = other === undefined ? 0 : other.first + other.count
    for (let i = device.first; i < device.first + device.count; i++) {
      const id = all.events.eventId[i]!
      while (row < end && some.events.eventId[row]! < id) row++
      if (row >= end || some.events.eventId[row] !== id) event(device.deviceId, id)
    }
  }
}

/** The kind of entry that an objection is about; none for the LPI tables. */
export function kindOf(name: ObjectionName): EntryKind | undefined {
  const { what } = objections[name]
  // No entry is to blame for an end that none marks: the word there is any entry, of the first level too.
  return what === 'LPI table' || name === 'no-last-dte' ? undefined : what
}

const samePlace = (a: Where, b: Where) => a.at === b.at && a.deviceId === b.deviceId && a.eventId === b.eventId
