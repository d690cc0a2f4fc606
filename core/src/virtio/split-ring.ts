import type { GpaRange, ReadonlyMemory } from '../memory/index.ts'
import { hasFeature, type RingInRam, ringAddress, type VirtioDevice, type Virtqueue } from './device.ts'
import { isThere, type RingState, type Unjudged, u16 } from './ring-state.ts'

const NO_INTERRUPT = 1
const NO_NOTIFY = 1
const HEAD_BYTES = 4
const USED_BYTES = 8

/** Where the words of a split ring lie that tell of notifications. @source Virtual I/O Device 1.3, "Split Virtqueues" */
const words = (place: RingInRam, size: number) => ({
  availFlags: ringAddress(place, place.avail),
  availIdx: ringAddress(place, place.avail + 2),
  usedEvent: ringAddress(place, place.avail + HEAD_BYTES + 2 * size),
  usedFlags: ringAddress(place, place.used),
  usedIdx: ringAddress(place, place.used + 2),
  availEvent: ringAddress(place, place.used + HEAD_BYTES + USED_BYTES * size),
})

/** The guest RAM that tells of notifications. */
export function splitWords(place: RingInRam, size: number): GpaRange[] {
  return Object.values(words(place, size)).map((base) => ({ base, bytes: 2 }))
}

/** What a split ring tells, or why it tells nothing. */
export function readSplit(
  memory: ReadonlyMemory,
  device: VirtioDevice,
  queue: Virtqueue,
  place: RingInRam,
): RingState | Unjudged {
  const { size, nextAvail } = queue
  const there = isThere(memory, splitWords(place, size))
  if (there !== undefined) return { unjudged: there }
  const at = words(place, size)
  const [avail, used] = [u16(memory, at.availIdx), u16(memory, at.usedIdx)]
  const [waiting, taken] = [behind(avail, nextAvail), behind(nextAvail, used)]
  // The device has taken no more than the driver gave, and used no more than it took.
  if (waiting + taken > size) return { unjudged: 'disagrees' }
  const state = { used, usedAt: at.usedIdx, waiting }
  if (!hasFeature(device, 'eventIdx')) {
    const wants = (u16(memory, at.availFlags) & NO_INTERRUPT) === 0
    const isKicked = (u16(memory, at.usedFlags) & NO_NOTIFY) === 0
    return { ...state, asked: { by: 'flag', wants }, isKicked: waiting > 0 && isKicked }
  }
  const event = u16(memory, at.usedEvent)
  const ahead = behind(used, event)
  // What the driver took out last is at most a ring away from what it gave; what is not so is no index that it means.
  const isMeant = ahead <= size && behind(avail, event) <= size
  const kicked = behind(avail, u16(memory, at.availEvent))
  return {
    ...state,
    asked: { by: 'index', event, eventAt: at.usedEvent, ahead: isMeant ? ahead : 0 },
    isKicked: waiting > 0 && kicked > 0 && kicked <= size,
  }
}

/** How far one index is behind another; they are counted mod 2^16. */
const behind = (index: number, other: number): number => (index - other) & 0xffff
