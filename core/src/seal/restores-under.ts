import { type ProfileId, profileWithId, type Quirks } from '../abi/index.ts'
import { COLLECTION_BASER, DEVICE_BASER, Gic, Its } from '../its/index.ts'
import type { Errno, GuestMemory } from '../memory/index.ts'
import { type RestoreOptions, restoreTables } from '../tables/index.ts'
import { eachEvent } from './live.ts'

/** What a restore makes of the tables that a save left: exactly the state, another one, or an error. */
export type RestoreAnswer =
  | { readonly restores: 'exactly' }
  | { readonly restores: 'otherwise'; readonly difference: string }
  | { readonly restores: 'not'; readonly errno: Errno; readonly reason: string }

/** The same of one kernel. */
export type RestoreVerdict = { readonly profile: ProfileId } & RestoreAnswer

/**
 * Restores a copy of the tables in guest RAM under a kernel and compares what comes back with what `its` has mapped. Nothing of
 * `its` changes.
 */
export function restoresUnder(its: Its, profile: ProfileId, options: RestoreOptions = {}): RestoreVerdict {
  return { profile, ...restoresWith(its, profileWithId(profile).quirks, options) }
}

/** As `restoresUnder`, for a kernel with these quirks. */
export function restoresWith(its: Its, quirks: Quirks, options: RestoreOptions = {}): RestoreAnswer {
  const other = empty(its, quirks, its.memory.fork())
  const restored = restoreTables(other, options)
  if (!restored.ok) return { restores: 'not', errno: restored.errno, reason: restored.reason }
  const difference = stateDifference(its, other)
  return difference === undefined ? { restores: 'exactly' } : { restores: 'otherwise', difference }
}

/** An ITS with the same registers under another kernel that has nothing mapped yet, over a private copy of the same RAM or over another RAM. */
export function successor(its: Its, profile: ProfileId, memory: GuestMemory = its.memory.fork()): Its {
  return empty(its, profileWithId(profile).quirks, memory)
}

function empty(its: Its, quirks: Quirks, memory: GuestMemory): Its {
  const { gic } = its
  const vcpuIds = gic.redistributors.map(({ vcpuId }) => vcpuId)
  const other = new Gic({ memory, quirks, vcpuIds })
  const copy = new Its(other)
  other.setPropbaser(gic.propbaser)
  for (const [vcpu, { pendbaser }] of gic.redistributors.entries()) other.setPendbaser(vcpu, pendbaser)
  copy.setBaser(DEVICE_BASER, its.baser(DEVICE_BASER))
  copy.setBaser(COLLECTION_BASER, its.baser(COLLECTION_BASER))
  return copy
}

/** The first thing that two ITSes have mapped differently, in words; undefined when they are the same. */
export function stateDifference(a: Its, b: Its): string | undefined {
  return collectionDifference(a, b) ?? deviceDifference(a, b)
}

function collectionDifference(a: Its, b: Its): string | undefined {
  const { order } = a.collections
  if (order.length !== b.collections.order.length) {
    return `${b.collections.order.length} collections instead of ${order.length}`
  }
  for (const [place, icid] of order.entries()) {
    if (b.collections.order[place] !== icid) return `collection ${b.collections.order[place]} in the place of ${icid}`
    if (a.collections.target(icid) !== b.collections.target(icid)) return `collection ${icid} has another target`
  }
  return undefined
}

function deviceDifference(a: Its, b: Its): string | undefined {
  let [left, right] = [a.devices.first(), b.devices.first()]
  while (left >= 0 || right >= 0) {
    const [expected, found] = [a.devices.deviceId[left] ?? Number.NaN, b.devices.deviceId[right] ?? Number.NaN]
    if (left < 0 || found < expected) return `device ${found} came back from the dead`
    if (right < 0 || expected < found) return `device ${expected} is lost`
    const difference = eventDifference(a, left, b, right)
    if (difference !== undefined) return `device ${expected}: ${difference}`
    left = a.devices.after(left)
    right = b.devices.after(right)
  }
  return undefined
}

function eventDifference(a: Its, left: number, b: Its, right: number): string | undefined {
  if (a.devices.ittAddr[left] !== b.devices.ittAddr[right] || a.devices.bits[left] !== b.devices.bits[right]) return 'another ITT'
  let difference: string | undefined
  eachEvent(a, left, (eventId, index) => {
    const other = b.events.find(right, eventId)
    if (other < 0) difference ??= `event ${eventId} is lost`
    else if (a.gic.lpis.intid(a.events.lpi(index)) !== b.gic.lpis.intid(b.events.lpi(other))) {
      difference ??= `event ${eventId} has another LPI`
    } else if (a.events.icid(index) !== b.events.icid(other)) difference ??= `event ${eventId} is in another collection`
  })
  eachEvent(b, right, (eventId) => {
    if (a.events.find(left, eventId) < 0) difference ??= `event ${eventId} came back from the dead`
  })
  return difference
}
