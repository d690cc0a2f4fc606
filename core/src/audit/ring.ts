import {
  COMMAND_BYTES,
  type Command,
  decodeCommand,
  GITS_CREADR,
  GITS_CWRITER,
  type ItsRegisters,
  queueShape,
} from '../abi/index.ts'
import type { Gpa, ReadonlyMemory } from '../memory/index.ts'

/** The command queue's ring in guest RAM. */
export interface Ring {
  readonly words: Int32Array
  readonly base: number
  readonly slots: number
  /** The slots that are the guest's: the first ones. */
  readonly used: number
  readonly read: number
  readonly write: number
}

/** Devices that the commands waiting to be executed name. */
export function touchedBy(ring: Ring, pending: number): ReadonlySet<number> {
  return namedIn(ring, ring.read, ring.read + pending)
}

/** Devices that the commands name which the guest has written behind GITS_CWRITER: `bytes` of them. */
export function unsentDevices(memory: ReadonlyMemory, its: ItsRegisters, bytes: number): ReadonlySet<number> {
  const ring = openRing(memory, its)
  return ring === undefined ? new Set() : namedIn(ring, ring.write, ring.write + bytes / COMMAND_BYTES)
}

/** Devices that the commands in some slots name; past the last slot, those from the first one on. */
export function namedIn(ring: Ring, from: number, to: number): ReadonlySet<number> {
  const named = new Set<number>()
  for (let slot = from; slot < to; slot++) {
    const command = commandIn(ring, slot % ring.slots)
    if (command !== undefined && 'deviceId' in command.args) named.add(command.args.deviceId)
  }
  return named
}

/** Of the last commands that were executed so many count as of late: a handler that was called before them may still be at work. */
const LATE = 8

/** One of the last commands moved the event to another collection, or all events of a vCPU to another. */
export type MovedOfLate = (deviceId: number, eventId: number) => boolean

/** Which events the last commands moved; where there is no ring to tell, any may be. */
export function movedOfLate(memory: ReadonlyMemory, its: ItsRegisters): MovedOfLate {
  const ring = openRing(memory, its)
  if (ring === undefined) return () => true
  const last = Array.from({ length: Math.min(LATE, ring.slots) }, (_, i) =>
    commandIn(ring, (ring.read + ring.slots - 1 - i) % ring.slots),
  )
  return (deviceId, eventId) =>
    last.some((command) => {
      if (command?.name === 'MOVALL') return true
      return command?.name === 'MOVI' && command.args.deviceId === deviceId && command.args.eventId === eventId
    })
}

/** The ring that GITS_CBASER names; undefined where there is none to read. */
export function openRing(memory: ReadonlyMemory, its: ItsRegisters): Ring | undefined {
  const { valid, base, bytes } = queueShape(its.cbaser)
  if (!valid || !memory.contains(base as Gpa, bytes) || !memory.isLoaded(base as Gpa, bytes)) return undefined
  const slots = bytes / COMMAND_BYTES
  const read = GITS_CREADR.unpack(its.creadr).offset / COMMAND_BYTES
  const write = GITS_CWRITER.unpack(its.cwriter).offset / COMMAND_BYTES
  if (read >= slots || write >= slots) return undefined
  const whole = { words: new Int32Array(memory.read(base as Gpa, bytes).buffer), base, slots, used: slots, read, write }
  return { ...whole, used: slotsOfGuest(whole) }
}

/**
 * Zephyr declares a ring that is larger than what it has, and a guest's own ring is a power of two: what lies behind that, and is
 * not commands throughout, is not the ring's. KVM executes it all the same when the ring goes round.
 *
 * @source Zephyr its_setup_cmd_queue
 */
function slotsOfGuest(ring: Ring): number {
  const { slots, read, write } = ring
  const own = 2 ** Math.floor(Math.log2(slots))
  if (read >= own || write >= own) return slots
  for (let slot = own; slot < slots; slot++) if (commandIn(ring, slot) === undefined) return own
  return slots
}

const WORDS = COMMAND_BYTES / 4

/** The slot holds nothing but zeroes. */
export function isBlank({ words }: Ring, slot: number): boolean {
  for (let word = slot * WORDS; word < (slot + 1) * WORDS; word++) if (words[word] !== 0) return false
  return true
}

/** The last slot that is not blank; -1 when all are. */
export function lastSlotInUse(ring: Ring): number {
  let slot = ring.used - 1
  while (slot >= 0 && isBlank(ring, slot)) slot--
  return slot
}

/** The command in a slot; undefined for words that are none. */
export const commandIn = ({ words }: Ring, slot: number): Command | undefined => decodeCommand(words, slot * WORDS)
