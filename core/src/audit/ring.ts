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
  readonly read: number
  readonly write: number
}

/** Devices that the commands waiting to be executed name. */
export function touchedBy(ring: Ring, pending: number): ReadonlySet<number> {
  const touched = new Set<number>()
  for (let i = 0; i < pending; i++) {
    const command = commandIn(ring, (ring.read + i) % ring.slots)
    if (command !== undefined && 'deviceId' in command.args) touched.add(command.args.deviceId)
  }
  return touched
}

/** The ring that GITS_CBASER names; undefined where there is none to read. */
export function openRing(memory: ReadonlyMemory, its: ItsRegisters): Ring | undefined {
  const { valid, base, bytes } = queueShape(its.cbaser)
  if (!valid || !memory.contains(base as Gpa, bytes) || !memory.isLoaded(base as Gpa, bytes)) return undefined
  const slots = bytes / COMMAND_BYTES
  const read = GITS_CREADR.unpack(its.creadr).offset / COMMAND_BYTES
  const write = GITS_CWRITER.unpack(its.cwriter).offset / COMMAND_BYTES
  if (read >= slots || write >= slots) return undefined
  return { words: new Int32Array(memory.read(base as Gpa, bytes).buffer), base, slots, read, write }
}

const WORDS = COMMAND_BYTES / 4

/** The slot holds nothing but zeroes. */
export function isBlank({ words }: Ring, slot: number): boolean {
  for (let word = slot * WORDS; word < (slot + 1) * WORDS; word++) if (words[word] !== 0) return false
  return true
}

/** The last slot that is not blank; -1 when all are. */
export function lastSlotInUse(ring: Ring): number {
  let slot = ring.slots - 1
  while (slot >= 0 && isBlank(ring, slot)) slot--
  return slot
}

/** The command in a slot; undefined for words that are none. */
export const commandIn = ({ words }: Ring, slot: number): Command | undefined => decodeCommand(words, slot * WORDS)
