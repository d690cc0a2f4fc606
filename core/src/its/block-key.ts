/** Events of a block. */
export const BLOCK_EVENTS = 8
/** Blocks of EventIDs up to 16 bits, and slots that share the near keys. */
const BLOCK_BITS = 13
const BLOCK_MASK = (1 << BLOCK_BITS) - 1
const NEAR_SLOTS = 1 << (31 - BLOCK_BITS)
/** Near blocks that a device has at most. */
export const NEAR_BLOCKS = 1 << BLOCK_BITS
/** Blocks of EventIDs of 32 bits. */
const BLOCKS = 2 ** 29

/**
 * The key of the block of an event. A near key, from 0 on, names the device too. A far one is negative and names the place only: an
 * EventID of more than 16 bits, which KVM restores from an ITT whose size it does not check, or a device beyond the near slots.
 */
export function blockKey(slot: number, eventId: number): number {
  return eventId >>> 16 === 0 && slot < NEAR_SLOTS ? (slot << BLOCK_BITS) | (eventId >>> 3) : ~(eventId >>> 3)
}

/** The place of a block in its device: its first EventID is that many blocks from 0. */
export const placeOf = (key: number): number => (key < 0 ? ~key : key & BLOCK_MASK)

/** The near key of another place of the same device. */
export const nearKeyAt = (key: number, place: number): number => (key & ~BLOCK_MASK) | place

/** A number for a far block that no other has. */
export const farName = (slot: number, key: number): number => slot * BLOCKS + ~key
