import { ENTRY_BYTES, NEWEST, profileIds, profiles } from '../abi/index.ts'
import type { Its } from '../its/index.ts'
import { attempt, type Gpa, KvmError, type Outcome } from '../memory/index.ts'
import { dteBlocks, EntryClearer, forwardedLpi, outsideRam, type Saved, type SaveOptions, writeTables } from '../tables/index.ts'
import { type SealLimit, sealLimits } from './limits.ts'
import { eachEvent, storableSlots } from './live.ts'
import { restoresUnder } from './restores-under.ts'

/** What a sealed save did. */
export interface Sealed extends Saved {
  /** Entries that were not zero before, live or stale, and were cleared before the save wrote. */
  readonly cleared: number
  /** What some kernel cannot restore, whatever the bytes. Empty: every kernel since 4.13 restores exactly this state. */
  readonly limits: readonly SealLimit[]
}

/**
 * Saves the ITS state so that every kernel since 4.13, with or without the clearing of unmapped entries, restores exactly it: no
 * entry that is not live stays in the device table, nor in the 2^bits entries of any mapped device's ITT, and no `next` leads
 * past the end of a second-level page. Nothing else of guest RAM is touched, and nothing at all when the state cannot be saved.
 */
export function seal(its: Its, options: SaveOptions = {}): Outcome<Sealed> {
  return attempt(() => {
    const slots = savableSlots(its, options)
    const limits = sealLimits(its, slots)
    return { ...written(its, slots, options), limits: limitsMet(its, limits) }
  })
}

/** As `seal`, and nobody asks what no bytes can help. */
export function sealTables(its: Its, options: SaveOptions = {}): Outcome<Omit<Sealed, 'limits'>> {
  return attempt(() => written(its, savableSlots(its, options), options))
}

/** The devices that are saved. @throws KvmError when the state cannot be: nothing is written then. */
function savableSlots(its: Its, { gicv41 = false }: SaveOptions): number[] {
  const slots = its.deviceTable.valid ? storableSlots(its) : []
  refuseUnsavable(its, slots, gicv41)
  return slots
}

function written(its: Its, slots: readonly number[], { heads = 'none', gicv41 = false }: SaveOptions): Omit<Sealed, 'limits'> {
  const cleared = clearTables(its, slots)
  return { ...writeTables(its, { quirks: profiles[NEWEST].quirks, heads, gicv41, nextWithinPage: true }), cleared }
}

/** Entries that share bytes may agree in them: whether and whom that hurts is told by restores of what was written. */
function limitsMet(its: Its, limits: readonly SealLimit[]): readonly SealLimit[] {
  if (!limits.some(({ name }) => name === 'shared-entries')) return limits
  const failing = profileIds.filter((id) => restoresUnder(its, id).restores !== 'exactly')
  return limits
    .map((limit) => (limit.name === 'shared-entries' ? { ...limit, profiles: failing } : limit))
    .filter(({ profiles: kernels }) => kernels.length > 0)
}

function clearTables(its: Its, slots: readonly number[]): number {
  const { memory, devices, deviceTable } = its
  const clearer = new EntryClearer(memory)
  let cleared = 0
  for (const { base, entries } of dteBlocks(memory, deviceTable)) cleared += clearer.clear(base, entries)
  const done = new Map<number, number>()
  for (const slot of slots) {
    const base = devices.ittAddr[slot]!
    const bits = devices.bits[slot]!
    if ((done.get(base) ?? 0) >= bits) continue
    done.set(base, bits)
    cleared += clearer.clear(base, 1 << bits)
  }
  return cleared
}

/** Finds out whether every live entry has a place before the first byte changes. */
function refuseUnsavable(its: Its, slots: readonly number[], gicv41: boolean): void {
  const { memory, collections, collectionTable } = its
  const { base, bytes, valid } = collectionTable
  const listed = collections.order.length * ENTRY_BYTES
  if (valid && listed > bytes) {
    throw new KvmError('EINVAL', 'there are more collections than the collection table holds', { what: 'CTE' })
  }
  if (valid && !memory.contains(base as Gpa, Math.min(listed + ENTRY_BYTES, bytes))) throw outsideRam('CTE', base, {})
  for (const slot of slots) refuseUnsavableEvents(its, slot, gicv41)
}

function refuseUnsavableEvents(its: Its, slot: number, gicv41: boolean): void {
  const { memory, devices, events, gic } = its
  const forwarding = gic.lpis.forwarding !== undefined && !gicv41
  const base = devices.ittAddr[slot]!
  if (memory.contains(base as Gpa, ENTRY_BYTES << devices.bits[slot]!) && !forwarding) return
  const deviceId = devices.deviceId[slot]!
  eachEvent(its, slot, (eventId, index) => {
    const at = base + eventId * ENTRY_BYTES
    if (!memory.contains(at as Gpa, ENTRY_BYTES)) throw outsideRam('ITE', at, { deviceId, eventId })
    if (forwarding && gic.lpis.isForwarded(events.lpi(index))) throw forwardedLpi(deviceId, eventId)
  })
}
