import { COMMAND_BYTES, encodeCommand, GITS_CBASER } from '../../abi/index.ts'
import type { Gpa, GuestMemory } from '../../memory/index.ts'
import type { HistoryStep } from '../../scope/index.ts'

/** How much of a history the command queue still tells. */
export type QueueName = 'whole' | 'wrapped' | 'missing'

/** A command queue in which a history was executed. */
export interface Queue {
  readonly name: QueueName
  readonly says: string
  /** What each slot holds; the others are blank. */
  readonly slots: ReadonlyMap<number, Uint32Array>
  /** The slot behind the last command: GITS_CWRITER and GITS_CREADR. */
  readonly end: number
}

/** The smallest ring there is: one page. */
const SLOTS = 4096 / COMMAND_BYTES
const SYNC = encodeCommand('SYNC', { rdBase: 0 })

/** The commands since the ITS was last set up. */
export function lastLife(history: readonly HistoryStep[]): readonly Uint32Array[] {
  const reset = history.findLastIndex(({ does }) => does === 'reset')
  return history.slice(reset + 1).flatMap(({ commands }) => commands)
}

/** Everything that was ever sent, from slot 0 on; a guest that sets its ITS up again begins there again, and clears nothing. */
export function wholeQueue(history: readonly HistoryStep[]): Queue {
  const slots = new Map<number, Uint32Array>()
  let end = 0
  for (const { does, commands } of history) {
    if (does === 'reset') end = 0
    for (const command of commands) slots.set(end++, command)
  }
  return { name: 'whole', says: 'whole', slots, end }
}

/** Nothing: the guest clears what was executed, or the pages are lost. */
export const missingQueue = (history: readonly HistoryStep[]): Queue => ({
  name: 'missing',
  says: 'missing',
  slots: new Map(),
  end: lastLife(history).length,
})

/**
 * The ring has gone round since the first `cut` commands, with nothing in between but SYNC, which every guest sends all the time: a ring full
 * of commands. `end`: where the last one is in it, when not where it is without a lap more.
 */
export function wrappedQueue(history: readonly HistoryStep[], cut: number, last?: number): Queue {
  const left = lastLife(history).slice(cut)
  const end = last ?? left.length
  const slots = new Map<number, Uint32Array>()
  for (let slot = 0; slot < SLOTS; slot++) slots.set(slot, SYNC)
  for (const [i, command] of left.entries()) slots.set((end - left.length + i + SLOTS) % SLOTS, command)
  return { name: 'wrapped', says: `wrapped, the last ${left.length} commands left, up to slot ${end}`, slots, end }
}

/** Writes it into a ring at `base`. */
export function writeQueue(memory: GuestMemory, base: Gpa, { slots }: Queue): void {
  for (const [slot, command] of slots) {
    memory.write((base + slot * COMMAND_BYTES) as Gpa, new Uint8Array(command.buffer, command.byteOffset, COMMAND_BYTES))
  }
}

/** GITS_CBASER, and GITS_CREADR as GITS_CWRITER. */
export function queueRegisters(base: Gpa, { end }: Queue) {
  const offset = BigInt((end % SLOTS) * COMMAND_BYTES)
  return { cbaser: GITS_CBASER.pack({ valid: true, address: base, pages: 0 }), creadr: offset, cwriter: offset }
}
