import { commandErrors, commands } from '../../abi/index.ts'
import type { ReadonlyWords } from '../../memory/index.ts'
import type { Its } from '../its.ts'
import { triggerMsi } from '../translation.ts'
import { operand } from './operands.ts'

const { args } = commands.INT
const deviceIdOf = operand(args.deviceId)
const eventIdOf = operand(args.eventId)

/** Makes an event pending, as its MSI would. */
export function int(its: Its, words: ReadonlyWords, at: number): number {
  return triggerMsi(its, deviceIdOf(words, at), eventIdOf(words, at))
}

/** Drops the pending state of an event's LPI, mapped collection or not. */
export function clear(its: Its, words: ReadonlyWords, at: number): number {
  const index = its.find(deviceIdOf(words, at), eventIdOf(words, at))
  if (index < 0) return commandErrors.CLEAR_UNMAPPED_INTERRUPT.code
  its.gic.lpis.clear(its.events.lpi(index))
  return 0
}
