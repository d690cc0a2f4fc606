import { COMMAND_BYTES, decodeCommand, type GicRegisters } from '../abi/index.ts'
import type { Gpa, ReadonlyMemory } from '../memory/index.ts'
import { registerRanges } from '../tables/index.ts'

/** The LPIs and ICIDs that a guest has given its ITS, as far as is known: what a case holds anyway. */
export interface GuestNumbers {
  readonly lpis: Set<number>
  readonly icids: Set<number>
}

/** Those that the commands in the queue of one ITS name. */
export function queueNumbers(memory: ReadonlyMemory, registers: GicRegisters, its: number): GuestNumbers {
  const [lpis, icids] = [new Set<number>(), new Set<number>()]
  for (const { what, base, bytes } of registerRanges(registers, its)) {
    if (what !== 'command queue') continue
    for (let at = base as number; at < base + bytes; at += COMMAND_BYTES) {
      if (!memory.contains(at as Gpa, COMMAND_BYTES) || !memory.isLoaded(at as Gpa)) continue
      const words = new Uint32Array(memory.read(at as Gpa, COMMAND_BYTES).buffer)
      const { name, args } = decodeCommand(words) ?? {}
      if (args === undefined) continue
      if ('icid' in args) icids.add(args.icid)
      if ('pintid' in args) lpis.add(args.pintid)
      if (name === 'MAPI') lpis.add((args as { readonly eventId: number }).eventId)
    }
  }
  return { lpis, icids }
}
