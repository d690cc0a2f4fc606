import type { Gpa, GpaRange, ReadonlyMemory } from '../memory/index.ts'
import { type PackedPosition, type RingInRam, ringAddress, type Virtqueue } from './device.ts'
import { isThere, type RingState, type Unjudged, u16 } from './ring-state.ts'

const DESCRIPTOR_BYTES = 16
const DESCRIPTOR_FLAGS = 14
const AVAIL = 0x80
const USED = 0x8000
/** What one side wants to be told of: everything, nothing, or from one descriptor on. */
const EVENT = { enable: 0, disable: 1, descriptor: 2 } as const
const WRAP = 0x8000

const flagsOf = (place: RingInRam, { index }: PackedPosition): Gpa =>
  ringAddress(place, place.desc + index * DESCRIPTOR_BYTES + DESCRIPTOR_FLAGS)
const driverArea = (place: RingInRam): Gpa => ringAddress(place, place.avail)
const deviceArea = (place: RingInRam): Gpa => ringAddress(place, place.used)

/** The guest RAM that tells of notifications. @source Virtual I/O Device 1.3, "Packed Virtqueues" */
export function packedWords(place: RingInRam, { avail }: NonNullable<Virtqueue['packed']>): GpaRange[] {
  return [
    { base: driverArea(place), bytes: 4 },
    { base: deviceArea(place), bytes: 4 },
    { base: flagsOf(place, avail), bytes: 2 },
  ]
}

/** What a packed ring tells, or why it tells nothing. Its indices count descriptors. */
export function readPacked(
  memory: ReadonlyMemory,
  { size }: Virtqueue,
  place: RingInRam,
  packed: NonNullable<Virtqueue['packed']>,
): RingState | Unjudged {
  const { avail, used } = packed
  if (avail.index >= size || used.index >= size || ahead(avail, used, size) === undefined) return { unjudged: 'disagrees' }
  const there = isThere(memory, packedWords(place, packed))
  if (there !== undefined) return { unjudged: there }
  const flags = u16(memory, flagsOf(place, avail))
  const waiting = Number(((flags & AVAIL) !== 0) === avail.wrap && ((flags & USED) !== 0) !== avail.wrap)
  const device = eventAt(memory, deviceArea(place))
  const isKicked =
    device.wants === EVENT.descriptor ? (ahead(avail, device.position, size) ?? -1) >= 0 : device.wants === EVENT.enable
  const state = { used: used.index, usedAt: flagsOf(place, avail), waiting, isKicked: waiting > 0 && isKicked }
  const driver = eventAt(memory, driverArea(place))
  if (driver.wants !== EVENT.descriptor) return { ...state, asked: { by: 'flag', wants: driver.wants === EVENT.enable } }
  const { index: event } = driver.position
  const isMeant = event < size
  const past = isMeant ? (ahead(used, driver.position, size) ?? 0) : 0
  return { ...state, asked: { by: 'index', event, eventAt: driverArea(place), ahead: past } }
}

function eventAt(memory: ReadonlyMemory, at: Gpa): { readonly wants: number; readonly position: PackedPosition } {
  const word = u16(memory, at)
  return { wants: u16(memory, (at + 2) as Gpa) & 3, position: { index: word & ~WRAP, wrap: (word & WRAP) !== 0 } }
}

/** Descriptors from one position to another that is at most a lap further on; undefined when it is not. */
function ahead(to: PackedPosition, from: PackedPosition, size: number): number | undefined {
  const distance = to.index - from.index + (to.wrap === from.wrap ? 0 : size)
  return distance >= 0 && distance <= size ? distance : undefined
}
