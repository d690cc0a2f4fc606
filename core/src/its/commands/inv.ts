import { commandErrors, commands } from '../../abi/index.ts'
import type { ReadonlyWords } from '../../memory/index.ts'
import type { Its } from '../its.ts'
import { operand } from './operands.ts'

const deviceIdOf = operand(commands.INV.args.deviceId)
const eventIdOf = operand(commands.INV.args.eventId)
const icidOf = operand(commands.INVALL.args.icid)

/** Rereads the configuration of an event's LPI. */
export function inv(its: Its, words: ReadonlyWords, at: number): number {
  const index = its.find(deviceIdOf(words, at), eventIdOf(words, at))
  if (index < 0) return commandErrors.INV_UNMAPPED_INTERRUPT.code
  its.gic.reconfigure(its.events.lpi(index))
  return 0
}

/** Rereads the configuration of every LPI that targets the collection's vCPU, of this collection or not. */
export function invall(its: Its, words: ReadonlyWords, at: number): number {
  const vcpu = its.collections.target(icidOf(words, at))
  if (vcpu < 0) return commandErrors.INVALL_UNMAPPED_COLLECTION.code
  its.gic.reconfigureAll(vcpu)
  return 0
}
