import { COMMAND_BYTES, type Command, disassemble, type SavedIts, spell } from '../abi/index.ts'
import type { Gpa, ReadonlyMemory } from '../memory/index.ts'
import { type CollectionRecord, type DeviceRecord, Replay } from './replay.ts'
import { commandIn, isBlank, openRing, type Ring } from './ring.ts'

/** A command that lies in the ring of a command queue. */
export interface QueueCommand {
  readonly at: Gpa
  /** Its place in the ring. */
  readonly slot: number
  /** Undefined where the slot holds no command that is known here. */
  readonly command: Command | undefined
  /** `MAPD DeviceID 0x8 V=0`. */
  readonly says: string
  /**
   * Executed since GITS_CREADR was last 0; written and not executed; or behind GITS_CWRITER: what the ring held before it went
   * round, or before the guest began anew.
   */
  readonly when: 'executed' | 'pending' | 'earlier'
}

/** The commands that are still in the ring, oldest first: those behind GITS_CWRITER were written before the others. Blank slots are left out. */
export function queueCommands(memory: ReadonlyMemory, its: SavedIts): readonly QueueCommand[] {
  const ring = openRing(memory, its)
  if (ring === undefined) return []
  return Array.from({ length: ring.slots }, (_, i) => (ring.write + i) % ring.slots)
    .filter((slot) => !isBlank(ring, slot))
    .map((slot) => queueCommand(ring, slot, memory))
}

function queueCommand(ring: Ring, slot: number, memory: ReadonlyMemory): QueueCommand {
  const at = (ring.base + slot * COMMAND_BYTES) as Gpa
  const command = commandIn(ring, slot)
  return { at, slot, command, says: command === undefined ? disassemble(memory, at) : spell(command), when: whenOf(ring, slot) }
}

/** Where CWRITER is behind CREADR, what waits goes on at slot 0, and everything between the two is executed. */
function whenOf({ read, write }: Ring, slot: number): QueueCommand['when'] {
  if (write < read) return slot >= read || slot < write ? 'pending' : 'executed'
  if (slot >= write) return 'earlier'
  return slot < read ? 'executed' : 'pending'
}

/** What the guest had mapped at one moment of its history. */
export interface GuestThen {
  readonly collections: ReadonlyMap<number, CollectionRecord>
  readonly devices: ReadonlyMap<number, DeviceRecord>
}

/**
 * What the guest had mapped when the command in `slot`, one of those that `queueCommands` lists, was executed. `isWhole`: the history
 * begins at slot 0 with an ITS that has nothing mapped; otherwise what a command names was mapped before.
 */
export function guestThen(memory: ReadonlyMemory, its: SavedIts, slot: number, isWhole: boolean): GuestThen {
  const ring = openRing(memory, its)
  const replay = new Replay({ lost: !isWhole })
  if (ring === undefined) return replay
  const start = isWhole ? 0 : ring.write
  if (slot >= start) replay.run(ring, start, slot + 1)
  else {
    replay.run(ring, start, ring.used)
    replay.run(ring, 0, slot + 1)
  }
  return replay
}
