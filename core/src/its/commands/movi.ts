import { commandErrors, commands } from '../../abi/index.ts'
import type { ReadonlyWords } from '../../memory/index.ts'
import type { Its } from '../its.ts'
import { operand } from './operands.ts'

const { args } = commands.MOVI
const deviceIdOf = operand(args.deviceId)
const eventIdOf = operand(args.eventId)
const icidOf = operand(args.icid)

/** Moves one event, and its LPI, to another mapped collection. */
export function movi(its: Its, words: ReadonlyWords, at: number): number {
  const index = its.find(deviceIdOf(words, at), eventIdOf(words, at))
  if (index < 0) return commandErrors.MOVI_UNMAPPED_INTERRUPT.code
  const icid = icidOf(words, at)
  const vcpu = its.collections.target(icid)
  if (its.targetOf(index) < 0 || vcpu < 0) return commandErrors.MOVI_UNMAPPED_COLLECTION.code
  its.events.setIcid(index, icid)
  its.forgetTranslations()
  its.gic.lpis.retarget(its.events.lpi(index), vcpu)
  return 0
}
