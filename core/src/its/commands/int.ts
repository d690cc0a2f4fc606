import { commandErrors, commands } from '../../abi/index.ts'
import type { Its } from '../its.ts'
import { triggerMsi } from '../translation.ts'
import { operand, type Words } from './operands.ts'

const { args } = commands.INT
const deviceIdOf = operand(args.deviceId)
const eventIdOf = operand(args.eventId)

/** Makes an event pending, as its MSI would. */
export function int(its: Its, words: Words): number {
  return triggerMsi(its, deviceIdOf(words), eventIdOf(words))
}

/** Drops the pending state of an event's LPI, mapped collection or not. */
export function clear(its: Its, words: Words): number {
  const index = its.find(deviceIdOf(words), eventIdOf(words))
  if (index < 0) return commandErrors.CLEAR_UNMAPPED_INTERRUPT.code
  its.gic.lpis.clear(its.events.lpi(index))
  return 0
}
